// The farm by keyboard: films given to another computer, storage that several see, and another farm's settings.
import assert from 'node:assert/strict';
import { drop } from './fake.mjs';

async function wide(browser) {
  const page = await (await browser.newContext({ viewport: { width: 1180, height: 760 } })).newPage();
  page.setDefaultTimeout(120_000);
  return page;
}

/** A film is given to another computer, and its result fetched, all by keyboard. */
export async function farm(browser, base) {
  const page = await wide(browser);
  await page.goto(`${base}?scene=takes&lang=en`);
  await page.getByTestId('takes-films').waitFor();
  await page.getByTestId('drop-zone').click();
  const owner = page.getByTestId('owner');
  await owner.focus();
  await page.keyboard.type('NAS');
  await page.getByText('The whole film is sent to NAS').waitFor();
  assert.equal(await page.getByTestId('participate').isChecked(), true);
  assert.equal(await page.getByTestId('leave').isChecked(), false);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  assert.equal(await page.getByTestId('leave').isChecked(), true);
  await page.getByTestId('advanced').click();
  assert.equal(await page.getByRole('checkbox', { name: 'Use this computer only' }).isDisabled(), true);
  await page.locator('[data-testid=start][aria-disabled=false]').waitFor();
  await page.getByTestId('start').press('Enter');
  await page.getByTestId('offer').waitFor({ state: 'detached' });
  const { on } = await page.evaluate(() => window.submitted);
  assert.match(on.computer, /^[0-9a-f]{64}$/);
  assert.deepEqual([on.participate, on.leave], [true, true]);

  // Where nobody takes films, nobody is asked who owns the job.
  await page.goto(`${base}?scene=first&lang=en`);
  await page.getByTestId('drop-zone').click();
  await page.getByTestId('place').waitFor();
  assert.equal(await page.getByTestId('owner').count(), 0);

  await page.goto(`${base}?scene=away&lang=en`);
  const film = page.getByTestId('job').filter({ hasText: 'Été à la mer.mkv' });
  await film.getByText('The result waits on NAS', { exact: true }).waitFor();
  assert.equal(await page.getByTestId('strip').count(), 0);
  await film.getByRole('button', { name: 'Fetch Été à la mer.mkv' }).focus();
  await page.keyboard.press('Enter');
  await film.getByText('Coming back from NAS: 0.2 of 1.7 GB').waitFor();
  assert.equal(await film.getByTestId('fetch').count(), 0);
  await page.getByTestId('job').filter({ hasText: 'Lecture 11' }).getByText('NAS works on it').waitFor();
}

/** What is set about films of other computers: at once, by keyboard, and still there the next time. */
export async function sharing(browser, base) {
  const page = await wide(browser);
  const again = async () => {
    await page.getByTestId('page-work').click();
    await page.getByTestId('page-settings').click();
    await page.getByTestId('pairs').click();
  };
  await page.goto(`${base}?scene=busy&browser&lang=en`);
  await again();
  for (const name of ['Read films where they lie', 'Take whole films, too']) {
    await page.getByRole('switch', { name }).focus();
    await page.keyboard.press('Space');
  }
  await page.getByTestId('shared-path').fill('/mnt/films');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Remove /mnt/films' }).waitFor();
  assert.equal(await page.getByTestId('add-pair').isDisabled(), true);
  await page.getByTestId('theirs').fill('Z:\\films');
  await page.getByTestId('pair-here').fill('/mnt/films');
  await page.keyboard.press('Enter');
  await page.getByText('Z:\\films → /mnt/films').waitFor();
  await again();
  for (const name of ['Read films where they lie', 'Take whole films, too']) assert.equal(await page.getByRole('switch', { name }).isChecked(), false, name);
  await page.getByRole('button', { name: 'Remove Z:\\films' }).press('Enter');
  await page.getByRole('button', { name: 'Remove /mnt/films' }).press('Enter');
  await again();
  assert.equal(await page.getByTestId('shared').getByRole('listitem').count(), 0);
}

/** Another farm's file of settings, dropped anywhere, is never taken for a film: it is shown what it would set, and set when that is said. */
export async function settings(browser, base) {
  const page = await wide(browser);
  await page.goto(`${base}?scene=busy&lang=en`);
  await page.getByTestId('page-history').click();
  await drop(page, [['config.json', '{"web_port": 8091}']]);
  const dropped = page.getByTestId('farm-dialog');
  await dropped.getByText('temp.dir').waitFor();
  assert.equal(await page.getByTestId('offer').count(), 0);
  await page.keyboard.press('Escape');
  await dropped.waitFor({ state: 'detached' });
  await drop(page, [['a film.mkv', 'film']]);
  await page.getByTestId('offer').getByText('a film.mkv').waitFor();
  await drop(page, [['config.json', '{}']]);
  await page.getByTestId('offer').getByRole('button', { name: 'Cancel' }).click();
  await dropped.getByTestId('farm-apply').press('Enter');
  await dropped.getByText('Taken over.').waitFor();
  await dropped.getByTestId('farm-close').click();
  await drop(page, [['presets.json', 'no JSON'], ['another film.mkv', 'film']]);
  await page.getByTestId('offer').getByText('presets.json is no video.').waitFor();
  await page.locator('[data-testid=start][aria-disabled=false]').waitFor();
  assert.equal(await page.getByTestId('offer').getByRole('button', { name: 'Start', exact: true }).count(), 1);
}
