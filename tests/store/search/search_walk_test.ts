import { deepEqual, equal, ok } from "node:assert/strict";
import { SHORTEST_WINDOW_S } from "../../../src/store/search/facet.ts";
import {
  candidatesFor,
  type Match,
  type TimeRange,
  walkBack,
} from "../../../src/store/search/search_walk.ts";

const NOW = 1_700_000_000;

/** A world of matches at these times, looked at as a database would, and what was asked of it. */
function world(times: readonly number[]) {
  const matches = times.map((createdAt, place): Match => ({ key: place + 1, createdAt, rank: 1 }));
  matches.sort((a, b) => b.createdAt - a.createdAt);
  const ranges: TimeRange[] = [];
  const look = (range: TimeRange) => {
    ranges.push(range);
    const { since, before, wanted, most } = range;
    const inside = matches.filter(({ createdAt }) => createdAt >= since && createdAt < before);
    const all = range.isSelective ? inside : matches;
    const looked = Math.min(all.length, most + 1);
    const best = inside.slice(0, Math.min(wanted, most + 1));
    return Promise.resolve({ looked, compared: best.length, best });
  };
  return { matches, ranges, look };
}

function walk(
  { look }: ReturnType<typeof world>,
  { lengthS = 86_400, candidates = 100 } = {},
) {
  return walkBack({ since: 0, before: NOW, eventsPerS: 3_000 / lengthS, candidates }, look);
}

function every(seconds: number, count: number): number[] {
  return Array.from({ length: count }, (_, place) => NOW - 1 - place * seconds);
}

Deno.test("a common word is found in the last hours, and no further", async () => {
  const common = world(every(100, 100_000));
  const { best, compared, isWhole } = await walk(common, { lengthS: 10_000 });
  deepEqual(best.map(({ createdAt }) => createdAt), every(100, 100));
  deepEqual([compared, isWhole], [100, false]);
  ok(common.ranges.every(({ since }) => since > NOW - 30_000));
});

Deno.test("a rare word is found in few steps, however long ago", async () => {
  const rare = world([1, NOW - 1_000_000, NOW - 100_000_000]);
  const { best, compared, isWhole } = await walk(rare);
  deepEqual(best, rare.matches);
  deepEqual([compared, isWhole], [3, true]);
  ok(rare.ranges.length <= 4);
});

Deno.test("a middling word takes as many steps as it takes to know how common it is", async () => {
  const middling = world(every(50_000, 10_000));
  const { best } = await walk(middling);
  deepEqual(best, middling.matches.slice(0, 100));
  ok(middling.ranges.length <= 5);
});

Deno.test("a few remaining matches are read in one step", async () => {
  const few = world(every(30_000_000, 50));
  const { compared } = await walk(few, { lengthS: 86_400 * 300 });
  equal(compared, 50);
  deepEqual(few.ranges.map(({ isSelective }) => isSelective), [true, false]);
});

Deno.test("remaining matches that are many more than are wanted are not all read", async () => {
  const many = world(every(2_000_000, 800));
  let looked = 0;
  const look = async (range: TimeRange) => {
    const found = await many.look(range);
    looked += found.looked;
    return found;
  };
  const { compared } = await walk({ ...many, look }, { lengthS: 20_000_000 });
  equal(compared, 100);
  ok(looked < 300, `${looked} entries`);
});

Deno.test("if a range has more matches than expected, the walk continues in steps", async () => {
  // Nothing lately, and then a crowd.
  const crowd = world(every(1, 50_000).map((time) => time - 10_000_000));
  const { best } = await walk(crowd, { lengthS: 9_000_000, candidates: 1_000 });
  deepEqual(best, crowd.matches.slice(0, 1_000));
  const steps = crowd.ranges.map(({ isSelective }) => isSelective);
  deepEqual(steps.slice(0, 3), [true, false, true]);
  equal(steps.lastIndexOf(false), 1);
});

Deno.test("a word known to be rare is read in one step", async () => {
  const { ranges, look } = world(every(100_000, 300));
  const rarity = { share: 0.001, events: 300 };
  const { compared } = await walkBack(
    { since: 0, before: NOW, eventsPerS: 0.01, candidates: 100, rarity },
    look,
  );
  deepEqual([compared, ranges.length, ranges[0]!.isSelective], [100, 1, false]);
});

Deno.test("for a word known to be common, the first step is enough", async () => {
  const { matches, ranges, look } = world(every(1_000, 100_000));
  const rarity = { share: 0.1, events: 100_000 };
  const { best } = await walkBack(
    { since: 0, before: NOW, eventsPerS: 0.01, candidates: 100, rarity },
    look,
  );
  deepEqual(best, matches.slice(0, 100));
  equal(ranges.length, 1);
});

Deno.test("statistics may be wrong both ways", async () => {
  for (const share of [0.9, 0.00001]) {
    const { matches, ranges, look } = world(every(1_000, 100_000));
    const rarity = { share, events: share * 1_000_000 };
    const { best } = await walkBack(
      { since: 0, before: NOW, eventsPerS: 0.01, candidates: 100, rarity },
      look,
    );
    deepEqual(best, matches.slice(0, 100));
    ok(ranges.length <= 12, `${ranges.length} steps`);
  }
});

Deno.test("the steps leave no gap, and end at the start of time", async () => {
  const { ranges, look } = world([]);
  await walkBack({ since: 500, before: NOW, eventsPerS: 3, candidates: 10 }, look);
  equal(ranges[0]!.before, NOW);
  for (const [place, { before }] of ranges.slice(1).entries()) {
    equal(before, ranges[place]!.since);
  }
  equal(ranges.at(-1)!.since, 500);
});

Deno.test("a range with too much to read is shortened", async () => {
  // Nothing for long, and then a crowd.
  const times = every(1, 50_000).map((time) => time - 10_000_000);
  const burst = world(times);
  const { best } = await walk(burst);
  deepEqual(best, burst.matches.slice(0, 100));
});

Deno.test("of too many matches in the shortest window some are taken, and the result says so", async () => {
  const flood = world([...Array<number>(5_000).fill(NOW - 5), NOW - SHORTEST_WINDOW_S * 3]);
  const { compared, isWhole } = await walk(flood, { candidates: 1_000 });
  deepEqual([compared, isWhole], [1_000, false]);
});

Deno.test("the result is not whole if matches were skipped, even after all of time", async () => {
  const look = ({ wanted, most }: TimeRange) =>
    Promise.resolve({ looked: most + 1, compared: Math.min(1, wanted), best: [] });
  const walked = await walkBack({ since: 0, before: 100, eventsPerS: 30, candidates: 10 }, look);
  deepEqual(walked, { compared: 1, best: [], isWhole: false });
});

Deno.test("every walk ends", async () => {
  let steps = 0;
  await walkBack(
    { since: 0, before: 2 ** 53, eventsPerS: 2 ** -30, candidates: 10 },
    ({ most }) => {
      steps++;
      return Promise.resolve({ looked: most + 1, compared: 0, best: [] });
    },
  );
  ok(steps <= 32);
});

Deno.test("a search compares four times as many as are wanted, within bounds", () => {
  const wanted = [1, 50, 51, 300, 500, 501, Infinity];
  const candidates = wanted.map((limit) => candidatesFor(limit, 2_000));
  deepEqual(candidates, [200, 200, 204, 1_200, 2_000, 2_000, 2_000]);
  equal(candidatesFor(1, 100), 100);
});

Deno.test("NIP50-03 the best come first, then the newest, whichever step found them", async () => {
  const at = (key: number, createdAt: number, rank: number) => ({ key, createdAt, rank });
  const [first, second] = [[at(1, 900, 0.2), at(2, 950, 0.1)], [at(3, 10, 0.9), at(4, 20, 0.1)]];
  const answers = [first, second];
  const look = () => {
    const best = answers.shift() ?? [];
    return Promise.resolve({ looked: best.length, compared: best.length, best });
  };
  const { best } = await walkBack({ since: 0, before: 1_000, eventsPerS: 10, candidates: 9 }, look);
  deepEqual(best.map(({ key }) => key), [3, 1, 2, 4]);
});
