"""A plugin in Python, written from the description of the protocol alone."""
import json
import sys

for line in sys.stdin:
    question = json.loads(line)
    if question["type"] != "new":
        continue
    event = question["event"]
    refused = event["content"] == "refuse"
    answer = {"id": event["id"], "action": "reject" if refused else "accept"}
    if refused:
        answer["msg"] = "blocked: it says so"
    print(json.dumps(answer), flush=True)
