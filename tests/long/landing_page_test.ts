/**
 * The relay's page in Chromium, served by the real program. Chromium must be installed, as `chromium` or
 * where `CHROMIUM` says. `SCREENSHOTS` names a directory for pictures of the page.
 *
 * @module
 */

import { deepEqual, equal, match, ok } from "node:assert/strict";
import axe from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { RelayClient } from "../kit/relay_client.ts";
import { type RunningRelay, startRelay } from "../kit/running_relay.ts";
import { SeededRandom } from "../kit/seeded_random.ts";
import { SchnorrSigner } from "../kit/signer.ts";

const signer = new SchnorrSigner(new SeededRandom(1));
const hostile =
  `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

function note(content: string, ageS: number) {
  const created_at = Math.floor(Date.now() / 1_000) - ageS;
  return signer.sign({ kind: 1, created_at, tags: [], content });
}

async function withBrowser(
  settings: readonly string[],
  test: (browser: Browser, relay: RunningRelay) => Promise<void>,
): Promise<void> {
  await using relay = await startRelay({
    database: "memory:",
    settings: [
      "relay.name=Riverbank",
      `relay.description=A relay for the people of the valley. ${hostile}`,
      "relay.contact=mailto:operator@relay.example",
      ...settings,
    ],
  });
  const executablePath = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";
  const args = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
  ];
  const browser = await chromium.launch({ executablePath, args });
  try {
    await test(browser, relay);
  } finally {
    await browser.close();
  }
  equal(await relay.stop(), 0);
}

/** Opens the page, and collects what the browser complains of and every host that it asks. */
async function open(page: Page, relay: RunningRelay) {
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on("console", (message) => {
    if (message.type() !== "log") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) {
      hosts.add(new URL(request.url()).host);
    }
  });
  await page.goto(relay.url.replace("ws://", "http://"));
  return { complaints, hosts };
}

Deno.test("the page shows notes as they come, as text, and counts connections", async () => {
  await withBrowser(["relay.page_notes=3"], async (browser, relay) => {
    await using client = await RelayClient.connect(relay.url);
    equal((await client.publish(note("the first", 30)))?.accepted, true);
    const page = await browser.newPage();
    const { complaints, hosts } = await open(page, relay);
    await page.locator("#notes li").first().waitFor();
    for (
      const [at, content] of [hostile, "the third", "the fourth"].entries()
    ) {
      equal((await client.publish(note(content, 20 - at)))?.accepted, true);
    }
    await page.getByText("the fourth").waitFor();
    deepEqual(await page.locator("#notes p").allTextContents(), [
      "the fourth",
      "the third",
      hostile,
    ]);
    match(
      await page.locator(".description").innerText(),
      /^A relay for the people.*<script>/s,
    );
    equal(await page.title(), "Riverbank");
    await page.locator("#activity").waitFor();
    // The page's own connection and that of the test.
    await page.locator("#connections", { hasText: /^2$/ }).waitFor();
    equal(
      await page.locator("figure svg").count(),
      0,
      "no QR code without relay.url",
    );
    deepEqual(complaints, []);
    deepEqual([...hosts], [new URL(relay.url).host]);
    await client.close();
  });
});

Deno.test("the button copies the address, by keyboard as well", async () => {
  await withBrowser([], async (browser, relay) => {
    const context = await browser.newContext({
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    await open(page, relay);
    await page.locator("#copy").focus();
    await page.keyboard.press("Enter");
    await page.getByText("Copied").waitFor();
    // Inside the browser.
    const copied = await page.evaluate("navigator.clipboard.readText()");
    equal(copied, relay.url);
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [390, 1280]) {
    Deno.test(`nothing is wrong for axe, ${colorScheme}, ${width} pixels wide`, async () => {
      await withBrowser(
        ["relay.url=wss://relay.example"],
        async (browser, relay) => {
          const viewport = { width, height: 900 };
          const context = await browser.newContext({
            colorScheme,
            viewport,
            bypassCSP: true,
          });
          const page = await context.newPage();
          await open(page, relay);
          await page.locator("#activity").waitFor();
          equal(await page.locator("figure svg").count(), 1, "the QR code");
          await page.evaluate(axe.source);
          const { violations } = await page.evaluate("axe.run()") as {
            violations: readonly {
              readonly id: string;
              readonly help: string;
            }[];
          };
          deepEqual(violations.map(({ id, help }) => `${id}: ${help}`), []);
          const overflow = await page.evaluate(
            "document.documentElement.scrollWidth - innerWidth",
          );
          ok(Number(overflow) <= 0, `${overflow} pixels too wide`);
          const directory = Deno.env.get("SCREENSHOTS");
          if (directory !== undefined) {
            await page.screenshot({
              path: `${directory}/${colorScheme}-${width}.png`,
              fullPage: true,
            });
          }
        },
      );
    });
  }
}
