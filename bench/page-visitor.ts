import { type Browser, chromium, type Page } from 'playwright-core';
import type { Identity } from './api-caller.ts';

const CHROMIUM = '/usr/bin/chromium';
/** The page says in its console when it is shown: its policy lets nobody evaluate in it what was a text. */
const SHOWN = 'postel bench: ';

export interface PageLoad {
  /** From the beginning of the navigation until the heading is in the page. */
  readonly headingMs: number;
  /** The same until nothing on it is loading. */
  readonly shownMs: number;
  /** That came from the server, headers included. */
  readonly octets: number;
  /** That reached the server. */
  readonly requests: number;
}

/** Visits pages in a Chromium without a window. */
export class PageVisitor implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #site: string;

  private constructor(browser: Browser, site: string) {
    this.#browser = browser;
    this.#site = site;
  }

  static async start(port: number): Promise<PageVisitor> {
    const args = ['--no-sandbox', '--disable-dev-shm-usage'];
    return new PageVisitor(await chromium.launch({ executablePath: CHROMIUM, args }), `http://localhost:${port}`);
  }

  /** With an empty cache, and then with what the first visit left in it. */
  async visitTwice(path: string, heading: string, { cookie }: Identity) {
    const context = await this.#browser.newContext({ locale: 'en-GB' });
    try {
      if (cookie !== undefined) {
        const at = cookie.indexOf('=');
        await context.addCookies([{ name: cookie.slice(0, at), value: cookie.slice(at + 1), url: this.#site }]);
      }
      const page = await context.newPage();
      await page.addInitScript(watchFor(heading));
      const first = await this.#visit(page, path);
      await page.goto('about:blank');
      return { first, again: await this.#visit(page, path) };
    } finally {
      await context.close();
    }
  }

  async #visit(page: Page, path: string): Promise<PageLoad> {
    const devtools = await page.context().newCDPSession(page);
    let octets = 0;
    const asked = new Set<string>();
    const answered = new Map<string, number>();
    await devtools.send('Network.enable');
    devtools.on('Network.requestWillBeSent', ({ requestId }) => asked.add(requestId));
    devtools.on('Network.requestServedFromCache', ({ requestId }) => asked.delete(requestId));
    devtools.on('Network.responseReceived', ({ requestId, response }) => {
      if (response.fromDiskCache === true || response.protocol === 'data') asked.delete(requestId);
    });
    devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      answered.set(requestId, encodedDataLength);
    });
    const shown = new Promise<string>((resolve) => {
      page.on('console', (message) => {
        if (message.text().startsWith(SHOWN)) resolve(message.text().slice(SHOWN.length));
      });
    });
    await page.goto(this.#site + path);
    const { headingMs, shownMs }: Pick<PageLoad, 'headingMs' | 'shownMs'> = JSON.parse(await shown);
    await page.waitForLoadState('networkidle');
    await devtools.detach();
    for (const requestId of asked) octets += answered.get(requestId) ?? 0;
    return { headingMs, shownMs, octets, requests: asked.size };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** Looks in the page itself, at each change of it: what the browser's driver takes is not counted. @returns a script */
function watchFor(heading: string): string {
  return `
    let headingMs = 0;
    new MutationObserver((_, observer) => {
      if (headingMs === 0 && document.querySelector('h1')?.textContent.trim() === ${JSON.stringify(heading)})
        headingMs = performance.now();
      if (headingMs === 0 || document.querySelector('.loading') !== null) return;
      observer.disconnect();
      console.info('${SHOWN}' + JSON.stringify({ headingMs, shownMs: performance.now() }));
    }).observe(document, { childList: true, subtree: true, characterData: true });`;
}
