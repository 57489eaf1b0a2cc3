"""What a file was called where it was made describes it to nobody."""

from __future__ import annotations

from core.testing import Foreign, Person, TestInstance
from tests.core.storage.film_server import document, shown


async def test_the_name_of_a_file_is_no_description_and_words_are(
    alpha: TestInstance, ann: Person, foreign: Foreign
) -> None:
    names = {
        "IMG_1234.jpg": None,
        "Screenshot 2024-01-01 at 10.00.00.PNG": None,
        "clip.mp4": None,
        "A goat eats.": "A goat eats.",
        "Page 3 of goats.pdf": "Page 3 of goats.pdf",
        "Two goats\nand a.jpg": "Two goats\nand a.jpg",
    }
    files = [document(f"https://media.test/{n}.jpg", "image/jpeg", name=name) for n, name in enumerate(names)]
    files.append(document("https://media.test/x.jpg", "image/jpeg", summary="a.jpg", name="A goat at sea"))
    found = [one["alt"] for one in await shown(alpha, ann, foreign, *files)]
    assert found == [*names.values(), "A goat at sea"]
