import { deepEqual, equal } from "node:assert/strict";
import { bodiesStatement, bodyColumns } from "../../../src/store/read/body_statement.ts";
import { idPrefixOf } from "../../../src/store/fingerprint.ts";
import { FakeCells } from "../../kit/fake_cells.ts";

Deno.test("JSON comes along up to a length, and else its length", () => {
  equal(
    bodyColumns("hit.raw", "$3").replaceAll(/\s+/g, " "),
    "case when octet_length(hit.raw) <= $3::int4 then hit.raw else '' end, " +
      "case when octet_length(hit.raw) <= $3::int4 then 0 else octet_length(hit.raw) end",
  );
});

Deno.test("bodies are read with the ids they are of", () => {
  const { read, parameters } = bodiesStatement(["ab", "cd"]);
  deepEqual(parameters, [`{${idPrefixOf("ab")},${idPrefixOf("cd")}}`]);
  const { id, json } = read(new FakeCells("ab", "{}"));
  deepEqual([id, new TextDecoder().decode(json)], ["ab", "{}"]);
});
