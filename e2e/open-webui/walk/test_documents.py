"""A document that is asked about is found again by pgvector."""

import json

from chat.world import TOOL

FACTS = "The garage opens at seven. " * 80 + "Zebras live in Hamburg. " + "Coffee is free. " * 80
END = "the-end-of-it"


def upload(person, name, text):
    """As the page sends a file that is put into a chat."""
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'
    form = f"--{END}\r\n{head}\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--{END}--\r\n"
    kind = f"multipart/form-data; boundary={END}"
    headers = {"Authorization": f"Bearer {person.token}", "Content-Type": kind}
    path = "/api/v1/files/?process=true&process_in_background=false"
    status, said = person.send("POST", path, headers, form.encode())
    assert status == 200, said
    return json.loads(said)


def test_what_a_document_says_reaches_the_model(world):
    alice = world.people["alice"]
    file = upload(alice, "facts.txt", FACTS)
    asked = {"type": "file", "id": file["id"], "name": "facts.txt", "file": file}
    answer = alice.chat("Where do zebras live?", TOOL, files=[asked])
    assert "Zebras live in Hamburg" in answer.text, answer
    assert [each["source"]["name"] for each in answer.raw["sources"]] == ["facts.txt"], answer.raw
