/**
 * The picture in the README: `node --import tsx test/support/screenshot.ts lag.html docs/images/lag-report.png [width] [height] [dark]`,
 * of a report by `node --import tsx examples/culprits/main.ts lag.html` on a machine that has nothing else to do.
 */
import { resolve } from 'node:path';
import { Browsing, findBrowser } from './browser.ts';

const [report, picture, width = '1280', height = '1727', dark] = process.argv.slice(2);
const browser = findBrowser();
if (report === undefined || picture === undefined) throw new Error('Two paths are needed: of the report, and of the picture');
if (browser === null) throw new Error('No browser: sh test/support/install-chromium.sh');

const browsing = await Browsing.start(browser);
try {
  const { page, complaints } = await browsing.open(resolve(report), { width: Number(width), dark: dark === 'dark' });
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  await page.setViewportSize({ width: Number(width), height: Number(height) });
  await page.waitForTimeout(300); // the chart is drawn once more
  await page.screenshot({ path: picture });
} finally {
  await browsing.close();
}
