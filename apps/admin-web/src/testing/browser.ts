import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, type CDPSession, chromium, type Page } from 'playwright-core';
import { afterAll, expect, vi } from 'vitest';

const CHROMIUM = '/usr/bin/chromium';
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

const PHONE = { width: 360, height: 740 } as const;
const WIDE = { width: 1_280, height: 900 } as const;
/** Where pictures of pages go, for somebody to look at them; nowhere if not said. */
const { POSTEL_TEST_PICTURES: PICTURES } = process.env;

/** A person clicks through many pages in one test, and each is looked at in two colours and two widths. */
vi.setConfig({ testTimeout: 180_000 });

let browser: Promise<Browser> | null = null;
afterAll(async () => (await browser)?.close());

/** A browser of one person, at a site. What the page complains of is kept. */
export class Person implements AsyncDisposable {
  readonly page: Page;
  /** What the browser reported: errors, and requests that were refused by the policy of the page. */
  readonly complaints: string[] = [];
  #devtools: Promise<CDPSession> | null = null;

  private constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }

  /** @param host by which the site is visited: another than localhost is this one too, but nothing that browsers trust */
  static async visiting(port: number, options: BrowserContextOptions = {}, host = 'localhost'): Promise<Person> {
    browser ??= chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP 192.0.2.7 127.0.0.1'],
    });
    const baseURL = `http://${host}:${port}`;
    const context = await (await browser).newContext({ viewport: WIDE, locale: 'en-GB', ...options, baseURL });
    context.setDefaultTimeout(60_000);
    return new Person(await context.newPage());
  }

  /** One for all that a test asks for: to end one ends what others had set up, a virtual authenticator for instance. */
  devtools(): Promise<CDPSession> {
    this.#devtools ??= this.page.context().newCDPSession(this.page);
    return this.#devtools;
  }

  async signIn(login: string, password: string): Promise<void> {
    await this.page.goto('/');
    await this.page.getByLabel('Address or account name').fill(login);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  async signInAsAdmin(password = 'postelpostel'): Promise<void> {
    await this.page.goto('/admin/');
    await this.page.getByLabel('Admin password').fill(password);
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  /** Opens a page of the site from those that are linked. */
  async open(title: string): Promise<void> {
    await this.page.getByRole('navigation').getByRole('link', { name: title, exact: true }).click();
    await this.settled();
  }

  /** Waits until nothing is loading. */
  async settled(): Promise<void> {
    await expect.poll(() => this.page.locator('.loading').count(), { timeout: 60_000 }).toBe(0);
  }

  /** Looks for what keeps people out (WCAG 2.2 AA), in light and in dark, and takes pictures, wide and as on a phone. */
  async look(name: string): Promise<void> {
    await this.settled();
    const violations: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      violations.push(...(await this.#inspect()).map((violation) => `${colorScheme}: ${violation}`));
      if (PICTURES !== undefined)
        await this.page.screenshot({ path: `${PICTURES}/${name}-${colorScheme}.png`, fullPage: true });
    }
    await this.page.setViewportSize(PHONE);
    const isTooWide = await this.page.evaluate('document.documentElement.scrollWidth > window.innerWidth');
    if (PICTURES !== undefined) await this.page.screenshot({ path: `${PICTURES}/${name}-phone.png`, fullPage: true });
    await this.page.setViewportSize(WIDE);
    await this.page.emulateMedia({ colorScheme: 'light' });
    expect({ page: name, violations, isTooWide }).toEqual({ page: name, violations: [], isTooWide: false });
  }

  /** The same of a page as it is at the moment, in a browser that is as narrow as a phone. */
  async lookAtPhone(name: string): Promise<void> {
    await this.settled();
    const violations = await this.#inspect();
    if (PICTURES !== undefined) await this.page.screenshot({ path: `${PICTURES}/${name}-phone.png`, fullPage: true });
    expect({ page: name, violations }).toEqual({ page: name, violations: [] });
  }

  async #inspect(): Promise<readonly string[]> {
    // Into a world of its own, which the policy of the page does not reach.
    const session = await this.devtools();
    const { frameTree } = await session.send('Page.getFrameTree');
    const { executionContextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
    const run = async (expression: string) => {
      const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
        expression,
        contextId: executionContextId,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
      return result.value;
    };
    await run(await readFile(AXE, 'utf8'));
    const found: unknown = await run(
      `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) =>
         violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => id + ': ' + help + ': ' + html.slice(0, 200))))`,
    );
    return Array.isArray(found) ? found.map(String) : ['axe said nothing'];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}
