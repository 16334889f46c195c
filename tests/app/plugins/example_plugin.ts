/**
 * A plugin written from the description of the protocol alone. What it does stands in its arguments:
 * `refuse` refuses events whose content says so, `babble` writes what nobody asked for, `die` ends at
 * some events, `hang` leaves some unanswered, `slow` takes two milliseconds, many at a time.
 */

const habits = new Set(Deno.args);
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

function reply(id: string, content: string): void {
  if (habits.has("babble")) write(`nonsense\n{"id":"nobody","action":"accept"}\n`);
  const action = content === "refuse"
    ? { action: "reject", msg: "blocked: it says so" }
    : content === "shadow"
    ? { action: "shadowReject", msg: "" }
    : { action: "accept", msg: "" };
  write(`${JSON.stringify({ id, ...action })}\n`);
}

let rest = "";
for await (const text of lines) {
  const parts = (rest + text).split("\n");
  rest = parts.pop()!;
  for (const part of parts) {
    const { type, event, id, verb } = JSON.parse(part);
    if (type === "connect") reply(id, "");
    else if (type === "request") reply(id, verb === "COUNT" ? "refuse" : "");
    else if (habits.has("die") && event.content.includes("die")) Deno.exit(3);
    else if (habits.has("hang") && event.content.includes("hang")) continue;
    else if (habits.has("slow")) setTimeout(() => reply(event.id, event.content), 2);
    else reply(event.id, event.content);
  }
}
