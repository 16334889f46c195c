import { deepEqual, equal, throws } from "node:assert/strict";
import { type PostgresAddress, postgresAddress } from "../../../src/store/database/postgres_url.ts";

const db = { host: "db", port: 5432 };

const good: readonly [url: string, address: Partial<PostgresAddress>][] = [
  ["postgres://", { hosts: [] }],
  ["postgresql://", { hosts: [] }],
  ["postgres:///events", { hosts: [], database: "events" }],
  ["postgresql://db", { hosts: [db] }],
  ["postgres://db:5433", { hosts: [{ host: "db", port: 5433 }] }],
  ["postgres://relay@db/events", { hosts: [db], user: "relay", database: "events" }],
  ["postgres://relay:@db", { hosts: [db], user: "relay" }],
  ["postgres://a%40b:c%2Fd%3Ae@db/e%20f", {
    ...{ hosts: [db], user: "a@b", password: "c/d:e", database: "e f" },
  }],
  ["postgres://a:b#c@db", { hosts: [db], user: "a", password: "b#c" }],
  ["postgres://[::1]:5433/e", { hosts: [{ host: "::1", port: 5433 }], database: "e" }],
  ["postgres://a,b:5433,[::1]/e", {
    hosts: [
      { host: "a", port: 5432 },
      { host: "b", port: 5433 },
      { host: "::1", port: 5432 },
    ],
    database: "e",
  }],
  ["postgres:///e?host=/run/postgresql", {
    hosts: [{ host: "/run/postgresql", port: 5432 }],
    database: "e",
  }],
  ["postgres://a@localhost:5433/e?host=%2Ftmp", {
    hosts: [{ host: "/tmp", port: 5433 }],
    user: "a",
    database: "e",
  }],
  ["postgres://a@%2Frun%2Fpostgresql:5433/e", {
    hosts: [{ host: "/run/postgresql", port: 5433 }],
    user: "a",
    database: "e",
  }],
  ["postgres://?host=a,b&port=1,2&user=u&password=p%2B+&dbname=d", {
    hosts: [{ host: "a", port: 1 }, { host: "b", port: 2 }],
    user: "u",
    password: "p++",
    database: "d",
  }],
  ["postgres://db?sslmode=verify-full", { hosts: [db], sslMode: "verify-full" }],
  ["postgres://db?sslmode=allow", { hosts: [db], sslMode: "prefer" }],
  ["postgres://db?sslmode=require&sslrootcert=system", { hosts: [db], sslMode: "verify-full" }],
  ["postgres://db?target_session_attrs=read-write", {
    hosts: [db],
    targetSessionAttrs: "read-write",
  }],
  ["postgres://db?target_session_attrs=any&connect_timeout=3", {
    hosts: [db],
    connectTimeoutMs: 3_000,
  }],
  ["postgres://db?application_name=psql&keepalives=1&search_path=relay", {
    hosts: [db],
    parameters: { search_path: "relay" },
  }],
];

Deno.test("a URL means what it means to psql", () => {
  for (const [url, address] of good) {
    deepEqual(postgresAddress(url), { parameters: {}, ...address }, url);
  }
});

const bad: readonly [url: string, why: RegExp][] = [
  ["mysql://db/e", /not of the form/],
  ["postgres://db:port/e", /a port is wrong/],
  ["postgres://db:70000/e", /a port is wrong/],
  ["postgres://db?port=x", /a port is wrong/],
  ["postgres://a:50%@db/e", /a % itself is written %25/],
  ["postgres://db?sslmode=maybe", /no sslmode maybe/],
  ["postgres://db?sslrootcert=/ca.pem", /sslrootcert/],
  ["postgres://db?sslcert=/me.pem", /sslcert is not supported/],
  ["postgres://db?service=relay", /service is not supported/],
];

Deno.test("an invalid URL is reported, without its secrets", () => {
  for (const [url, why] of bad) {
    throws(() => postgresAddress(url), { name: "StoreUnavailable", message: why }, url);
  }
  throws(() => postgresAddress("postgres://a:secret%@db"), ({ message }) => {
    equal(message.includes("secret"), false);
    return true;
  });
});
