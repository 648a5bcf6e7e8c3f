// What an update costs the page: `npm run measure`. A measurement, not a test: machines differ.
import { browserPath, open } from './fake.mjs';
import { skipped } from './skip.mjs';

if (!browserPath) skipped('measurement in a browser', 'Chromium is not installed');
const { base, browser, close } = await open();
const ROUNDS = 60;
const COMPUTERS = 50;
const medians = [];
for (const parts of [200, 2000]) {
  const page = await browser.newPage({ viewport: { width: 1180, height: 760 } });
  await page.goto(`${base}?scene=load&parts=${parts}&computers=${COMPUTERS}`);
  await page.getByTestId('strip').waitFor();
  // The pictures along the film arrive first.
  await page.waitForTimeout(1500);
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
  const times = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    times.push(await page.evaluate(() => window.update()));
    await page.waitForTimeout(40);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(share * (times.length - 1))];
  medians.push(at(0.5));
  process.stdout.write(`${parts} parts, ${COMPUTERS} computers: update ${at(0.5).toFixed(1)} ms (median), ${at(0.95).toFixed(1)} ms (95 %); first paint ${paint.toFixed(0)} ms\n`);
  await page.close();
}
process.stdout.write(`ten times the parts cost ${(medians[1] / medians[0]).toFixed(1)} times as much\n`);
await close();
