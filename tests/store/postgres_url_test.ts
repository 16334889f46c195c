import { deepEqual } from "node:assert/strict";
import { postgresAddress } from "../../src/store/postgres_url.ts";

Deno.test("a host on the network stays in the URL, whatever else is asked", () => {
  for (const url of ["postgres://db/e", "postgres://a:b%2Fc@db:5433/e?sslmode=require"]) {
    deepEqual(postgresAddress(url), { url });
  }
});

Deno.test("a socket's directory comes out of the query, the rest stays", () => {
  deepEqual(postgresAddress("postgres://a@localhost:5433/e?host=%2Ftmp&sslmode=disable"), {
    url: "postgres://a@localhost:5433/e?sslmode=disable",
    host: "/tmp",
  });
});

Deno.test("a socket's directory may be the host", () => {
  deepEqual(postgresAddress("postgres://a@%2Frun%2Fpostgresql:5433/e").host, "/run/postgresql");
});
