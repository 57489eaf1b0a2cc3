"""An author that every library has, written with the models of that time."""

from tortoise import migrations
from tortoise.migrations import operations as ops


async def add(apps, editor):
    author = apps.get_model("library.Author")
    await author.create(name=None, nickname="house")


async def remove(apps, editor):
    await apps.get_model("library.Author").filter(nickname="house").delete()


class Migration(migrations.Migration):
    dependencies = [("library", "0002_word_count")]

    operations = [ops.RunPython(add, remove)]
