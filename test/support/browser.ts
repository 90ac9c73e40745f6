/** A real browser for pages, headless. It hears of everything that a page must not do. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

/** As `test/support/install-chromium.sh` looks for it. */
export function findBrowser(): string | null {
  const own = process.env['OFFLOOP_TEST_CHROMIUM'];
  if (own !== undefined && own !== '') return own;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path)) ?? null;
}

export interface Opened {
  readonly page: Page;
  /** Errors, warnings and requests: a good page has none. */
  readonly complaints: string[];
  /** Milliseconds until it can be used. */
  readonly ms: number;
}

export interface Look {
  readonly width?: number;
  readonly dark?: boolean;
}

export class Browsing {
  readonly #browser: Browser;
  #page: Page | null = null;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(executablePath: string): Promise<Browsing> {
    // A container runs its tests as root, where Chromium has no sandbox.
    return new Browsing(await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] }));
  }

  /** Closes the page before. */
  async open(file: string, { width = 1440, dark = false }: Look = {}): Promise<Opened> {
    await this.#page?.close();
    const page = await this.#browser.newPage({ viewport: { width, height: 900 }, colorScheme: dark ? 'dark' : 'light' });
    this.#page = page;
    page.setDefaultTimeout(20_000);
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`error: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('blob:')) complaints.push(`request: ${request.url()}`);
    });
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    const url = pathToFileURL(file).href;
    const start = performance.now();
    await page.goto(url);
    await page.waitForSelector('html[data-ready]', { state: 'attached' });
    return { page, complaints, ms: performance.now() - start };
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
