import { deepEqual, equal, throws } from "node:assert/strict";
import { PostgresLink } from "../../../src/store/database/postgres_link.ts";
import { PostgresLinks } from "../../../src/store/database/postgres_links.ts";

/** Links with numbers, and which of them were ended and with what time. */
function numbered() {
  const ended: string[] = [];
  let made = 0;
  const links = new PostgresLinks(() => {
    const number = ++made;
    return new PostgresLink(() => ({
      number,
      end: ({ timeout }) => Promise.resolve(void ended.push(`${number} in ${timeout} s`)),
    }));
  });
  return { links, ended };
}

Deno.test("the connection that has been idle for longest is lent first, and new ones when none is", () => {
  const { links } = numbered();
  const [first, second] = [links.borrow(), links.borrow()];
  links.giveBack(first);
  links.giveBack(second);
  deepEqual([links.borrow(), links.borrow()], [first, second]);
  equal(links.borrow().pool.number, 3);
});

Deno.test("a lost connection closes the idle ones too, and none that is in use", () => {
  const { links, ended } = numbered();
  const [lost, idle, lent] = [links.borrow(), links.borrow(), links.borrow()];
  links.giveBack(idle);
  lost.drop("frozen");
  links.giveBack(lost);
  links.giveBack(lent);
  deepEqual(ended, ["1 in 0 s", "2 in 1 s"]);
  equal(links.borrow(), lent);
});

Deno.test("closing drops connections in use, ends idle ones in order, and lends no more", async () => {
  const { links, ended } = numbered();
  const [lent, idle] = [links.borrow(), links.borrow()];
  links.giveBack(idle);
  await links.close();
  links.giveBack(lent);
  deepEqual(ended, ["2 in 1 s", "1 in 0 s"]);
  throws(() => links.borrow(), { name: "StoreUnavailable" });
});
