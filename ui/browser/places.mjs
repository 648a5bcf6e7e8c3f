// Where the keyboard is after each step, what is seen while nobody answers, and what others change meanwhile.
import assert from 'node:assert/strict';
import { drop } from './fake.mjs';

async function wide(browser) {
  const page = await (await browser.newContext({ viewport: { width: 1180, height: 760 } })).newPage();
  page.setDefaultTimeout(120_000);
  return page;
}

/** Waits until this has the focus: what gives it back does so a moment later. */
const focused = (locator) => locator.evaluate((node) => new Promise((resolve, reject) => {
  const began = Date.now();
  const look = () => (document.activeElement === node ? resolve() : Date.now() - began > 120_000 ? reject(new Error(`the focus is on ${document.activeElement?.outerHTML.slice(0, 200)}`)) : setTimeout(look, 20));
  look();
}));

/** Questions, cards that open and buttons that change: the keyboard keeps its place. */
export async function keyboard(browser, base) {
  const page = await wide(browser);
  await page.goto(`${base}?scene=history&lang=en`);
  await page.getByTestId('page-history').click();
  const past = page.getByTestId('past').nth(2);
  await past.focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('job').waitFor();
  assert.equal(await past.getAttribute('aria-expanded'), 'true');
  await focused(past);
  await page.keyboard.press('Enter');
  await page.getByTestId('job').waitFor({ state: 'detached' });
  assert.equal(await past.getAttribute('aria-expanded'), 'false');
  await focused(past);

  await page.goto(`${base}?scene=busy&lang=en`);
  const job = page.getByTestId('job').first();
  const pause = job.getByTestId('pause');
  await pause.focus();
  await page.keyboard.press('Enter');
  await job.getByRole('button', { name: 'Go on', exact: true }).waitFor();
  await focused(pause);
  await page.keyboard.press('Enter');
  await job.getByRole('button', { name: 'Pause', exact: true }).waitFor();
  await focused(pause);
  const end = job.getByTestId('end');
  await end.focus();
  await page.keyboard.press('Enter');
  await focused(job.getByRole('button', { name: 'Let it go on' }));
  await page.keyboard.press('Enter');
  await focused(end);
  const peer = page.getByTestId('computer').first();
  const unpair = peer.getByTestId('unpair');
  await unpair.focus();
  await page.keyboard.press('Enter');
  await focused(peer.getByRole('button', { name: 'Keep' }));
  await page.keyboard.press('Enter');
  await focused(unpair);
  const computers = await page.getByTestId('computer').count();
  await page.keyboard.press('Enter');
  await peer.getByTestId('unpair-sure').press('Enter');
  await focused(page.getByRole('heading', { name: 'Computers', exact: true }));
  assert.equal(await page.getByTestId('computer').count(), computers - 1);

  // A video that is over has other buttons: pressing once more does nothing, and neither does it once it is off the list.
  const film = page.getByTestId('job').filter({ hasText: 'The Long Way Home' });
  await film.getByTestId('end').press('Enter');
  await film.getByRole('alertdialog', { name: /^Stop for good\?/ }).getByRole('button', { name: 'Stop it' }).press('Enter');
  await page.locator('[data-testid=job][data-state=cancelled]').waitFor();
  await focused(film.getByRole('heading', { name: 'The Long Way Home' }));
  await page.keyboard.press('Enter');
  await film.getByTestId('end').press('Enter');
  await film.waitFor({ state: 'detached' });
  await focused(page.getByRole('heading', { name: 'Videos', exact: true, level: 1 }));

  await page.goto(`${base}?scene=replaced&lang=en`);
  const undo = page.getByTestId('undo').first();
  await undo.focus();
  await page.keyboard.press('Enter');
  await focused(page.getByRole('button', { name: 'Leave it' }));
  await page.keyboard.press('Enter');
  await focused(undo);

  // Of the answers to how helping is to end, the one that goes on with it has the focus.
  await page.goto(`${base}?scene=rests&lang=en`);
  const donate = page.getByRole('switch', { name: 'Donate this machine' });
  await donate.focus();
  await page.keyboard.press('Space');
  await focused(page.getByRole('button', { name: 'Go on helping' }));
  await page.keyboard.press('Enter');
  await focused(donate);

  await rules(page, base);
}

async function rules(page, base) {
  await page.goto(`${base}?scene=busy&watched&lang=en`);
  await page.getByTestId('page-library').click();
  const opener = page.getByTestId('rules').first();
  const dialog = page.getByTestId('rules-dialog');
  await opener.focus();
  await page.keyboard.press('Enter');
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await focused(opener);
  // Nothing that was typed is lost by Esc, however often.
  await page.keyboard.press('Enter');
  const size = dialog.getByLabel('From this size on, GB').first();
  await size.fill('2 TiB');
  await dialog.getByTestId('takes').getByText('“2 TiB” is not a number.').waitFor();
  // Held down, it asks once.
  for (const _ of [1, 2]) await page.keyboard.down('Escape');
  await page.keyboard.up('Escape');
  await focused(dialog.getByRole('button', { name: 'Go on typing' }));
  await page.keyboard.press('Escape');
  await focused(size);
  await size.fill('2 TB');
  await dialog.getByTestId('takes').getByText('Takes about 312 of 1204 films').waitFor();
  await dialog.getByTestId('rule-up').nth(1).focus();
  await page.keyboard.press('Enter');
  await focused(dialog.getByTestId('rule-up').first());
  assert.equal(await dialog.getByLabel('Name of the rule').first().inputValue(), 'Films');
  // What is still to be typed is not waited for once its rule is gone.
  const last = dialog.getByTestId('rule').last();
  await last.getByTestId('does').selectOption('keep');
  await last.getByText('More conditions, and how it is made').click();
  await last.getByTestId('place').selectOption('folder');
  assert.equal(await dialog.getByTestId('keep-rules').isDisabled(), true);
  await last.getByRole('button', { name: /^Remove the rule/ }).press('Enter');
  await focused(dialog.getByTestId('add-rule'));
  assert.equal(await dialog.getByTestId('keep-rules').isDisabled(), false);
  await page.keyboard.press('Escape');
  await dialog.getByTestId('leave-unsaved').press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await focused(opener);

  const leave = page.getByTestId('leave').first();
  await leave.focus();
  await page.keyboard.press('Enter');
  await focused(page.getByRole('button', { name: 'Cancel' }));
  await page.keyboard.press('Enter');
  await focused(leave);
  await page.keyboard.press('Enter');
  await page.getByTestId('leave-sure').press('Enter');
  await focused(page.getByRole('heading', { name: 'Library', exact: true }));
}

/** While nobody answers, that is seen above everything, and afterwards all is as it was; what is refused is not shown as done. */
export async function trouble(browser, base) {
  const page = await wide(browser);
  await page.goto(`${base}?scene=ends&lang=en`);
  await page.getByTestId('compare').click();
  const compare = page.getByTestId('compare-dialog');
  await compare.getByTestId('compare-at').waitFor();
  const next = compare.getByTestId('next-frame');
  await next.focus();
  await page.evaluate(() => window.fake.lose());
  const said = page.getByTestId('trouble');
  await said.getByText('Manyhands does not answer.').waitFor();
  for (const _ of [1, 2]) await page.keyboard.press('Escape');
  const on_top = () => said.evaluate((node) => { const box = node.getBoundingClientRect(); return node.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)); });
  assert.equal(await on_top(), true);
  // What is dropped meanwhile waits.
  await drop(page, [['a film.mkv', 'film']]);
  assert.equal(await page.getByTestId('offer').count(), 0);
  await page.evaluate(() => window.fake.find());
  await said.waitFor({ state: 'detached' });
  assert.equal(await compare.isVisible(), true);
  await page.getByTestId('offer').getByText('a film.mkv').waitFor();
  await page.getByTestId('offer').getByRole('button', { name: 'Cancel' }).click();
  await focused(next);

  // Without a dialog the page itself stays in sight, and whoever was typing goes on.
  await page.goto(`${base}?scene=history&lang=en`);
  await page.getByTestId('page-history').click();
  await page.getByTestId('search').fill('ete');
  await page.evaluate(() => window.fake.lose());
  await said.getByText('Manyhands does not answer.').waitFor();
  assert.equal(await page.getByTestId('cover').isVisible(), false);
  await page.evaluate(() => window.fake.find());
  await said.waitFor({ state: 'detached' });
  await focused(page.getByTestId('search'));

  // What could not be read meanwhile is read as soon as somebody answers.
  for (const [name, shows] of [['settings', 'bandwidth'], ['library', 'folder']]) {
    await page.goto(`${base}?scene=busy&watched&lang=en`);
    await page.getByTestId(`page-${name}`).waitFor();
    await page.evaluate((name) => {
      window.fake.lose();
      document.querySelector(`[data-testid=page-${name}]`).click();
    }, name);
    const failed = page.locator('main .failure').filter({ hasText: 'Manyhands does not answer.' });
    await failed.first().waitFor();
    await page.evaluate(() => window.fake.find());
    await page.getByTestId(shows).first().waitFor();
    assert.equal(await page.locator(`[aria-labelledby=${name}] > .failure, .answer .failure`).count(), 0, name);
  }

  // Whoever types the password goes on typing, however often the stream is refused.
  await page.goto(`${base}?scene=locked&lang=en`);
  const password = page.getByTestId('password');
  await password.fill('wrong');
  await page.getByTestId('sign-in').click();
  await page.getByText('This is not the page’s password.').waitFor();
  const field = await password.elementHandle();
  const tries = await page.evaluate(() => window.fake.asked.snapshot);
  await page.evaluate(() => window.fake.find());
  await page.waitForFunction((tries) => window.fake.asked.snapshot > tries, tries);
  await page.waitForTimeout(200);
  assert.deepEqual(await field.evaluate((node) => [node.isConnected, node.value]), [true, 'wrong']);
  await page.getByText('This is not the page’s password.').waitFor();

  await page.goto(`${base}?scene=busy&refuse&lang=en`);
  const here = page.getByTestId('computer-here');
  const donate = here.getByRole('switch', { name: 'Donate this machine' });
  await donate.click();
  await here.getByText('This cannot be set now.').waitFor();
  assert.equal(await donate.isChecked(), true);
  await page.getByTestId('page-settings').click();
  const films = page.getByRole('switch', { name: 'Take whole films, too' });
  await films.focus();
  await page.keyboard.press('Space');
  await page.getByTestId('helping').getByText('This cannot be set now.').waitFor();
  assert.equal(await films.isChecked(), true);
  await focused(films);
  const keep = page.getByTestId('replacing').getByTestId('keep');
  await keep.selectOption('always');
  await page.getByTestId('replacing').getByText('This cannot be set now.').waitFor();
  assert.equal(await keep.inputValue(), '30');
  await page.goto(`${base}?scene=busy&fixed&lang=en`);
  await here.getByText('Set by MANYHANDS_DONATE_ENABLED').waitFor();
  assert.equal(await donate.isDisabled(), true);
}

/** What was left out stays out, and nobody agrees to what is not shown yet. */
export async function offers(browser, base) {
  const page = await wide(browser);
  await page.goto(`${base}?scene=first&slow=700&lang=en`);
  await page.getByTestId('drop-zone').waitFor();
  await drop(page, [['stays.mkv', 'film'], ['goes.mkv', 'film'], ['goes, too.mkv', 'film']]);
  const offer = page.getByTestId('offer');
  await offer.getByText('Taking it over: 30 %').first().waitFor();
  await offer.getByRole('button', { name: 'Leave out goes.mkv' }).press('Enter');
  await focused(page.getByTestId('start'));
  await offer.getByText('Looking at it…').first().waitFor();
  await offer.getByRole('button', { name: 'Leave out goes, too.mkv' }).click();
  const start = page.getByTestId('start');
  await page.locator('[data-testid=start][aria-disabled=false]').waitFor();
  await offer.getByRole('radio', { name: 'Plays everywhere' }).check();
  assert.equal(await start.getAttribute('aria-disabled'), 'true', 'what would be lost is not known yet');
  await offer.getByText('The picture is HDR10').waitFor();
  await page.waitForTimeout(800);
  assert.equal(await page.getByTestId('offer-item').count(), 1);
  await start.click();
  await offer.waitFor({ state: 'detached' });
  assert.deepEqual(await page.evaluate(() => window.started), ['/films/stays.mkv']);

  // What is chosen before the choice made last is known stays chosen, and what is being started stays as it is.
  await page.goto(`${base}?scene=first&slow=700&lang=en`);
  await page.getByTestId('drop-zone').waitFor();
  await drop(page, [['one.mkv', 'film'], ['two.mkv', 'film']]);
  await offer.getByRole('radio', { name: 'Plays everywhere' }).check();
  await page.locator('[data-testid=start][aria-disabled=false]').waitFor();
  assert.equal(await offer.getByRole('radio', { name: 'Plays everywhere' }).isChecked(), true);
  const fixed = await page.evaluate(async () => {
    document.querySelector('[data-testid=start]').click();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return [...document.querySelectorAll('[data-testid=offer-item] button')].map((one) => one.matches(':disabled'));
  });
  assert.deepEqual(fixed, [true, true]);
  await offer.waitFor({ state: 'detached' });
  assert.deepEqual(await page.evaluate(() => window.started), ['/films/one.mkv', '/films/two.mkv']);

  // The place follows what is chosen elsewhere, and nothing is waited for that is not shown.
  await page.goto(`${base}?scene=busy&presets&lang=en`);
  await page.getByTestId('drop-zone').click();
  const place = page.getByTestId('place');
  for (const picked of ['in_place', 'tree']) {
    await place.selectOption(picked);
    await page.getByRole('button', { name: 'Use Archive' }).click();
    await page.waitForFunction(() => document.querySelector('[data-testid=place]').value === 'beside');
    await page.locator('[data-testid=start][aria-disabled=false]').waitFor();
  }
}

/** Others change settings, rules and presets meanwhile: nothing of it is set back, and it is said. */
export async function others(browser, base) {
  const page = await wide(browser);
  await page.goto(`${base}?scene=busy&watched&presets&lang=en`);
  await page.getByTestId('page-library').click();
  await page.getByTestId('rules').first().click();
  const dialog = page.getByTestId('rules-dialog');
  await dialog.getByLabel('Name of the rule').first().fill('Mine');
  await page.evaluate(() => window.fake.set((settings) => ({ ...settings, library: { ...settings.library, folders: settings.library.folders.map((one) => ({ ...one, every_min: 5 })) } })));
  await dialog.getByTestId('keep-rules').click();
  await dialog.getByText('This was changed elsewhere since it was opened here.').waitFor();
  assert.equal(await dialog.getByLabel('Name of the rule').first().inputValue(), 'Mine');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByTestId('rules').first().click();
  await dialog.getByLabel('Name of the rule').first().fill('Mine');
  await dialog.getByTestId('keep-rules').click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByTestId('library-hours').click();
  await page.getByTestId('add-hours').click();
  for (const day of ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']) await page.getByRole('button', { name: day }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Hours 1 have no day.').waitFor();

  // All that failed, in one folder or in all of them.
  await page.getByTestId('state-failed').click();
  await page.getByTestId('try-all').click();
  await page.getByText('100000 films wait for another try.').or(page.getByText('100,000 films wait for another try.')).waitFor();
  assert.equal(await page.evaluate(() => window.fake.asked.library_retry), 200);
  await page.getByTestId('within').selectOption('/mnt/nas/series');
  await page.getByText('There is no film here.').waitFor();
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByTestId('within').selectOption('');
  await page.getByTestId('again').first().waitFor();
  const [button, reason] = await page.evaluate(() => ['[data-testid=again]', '.reason'].map((one) => document.querySelector(one).getBoundingClientRect()).map(({ top, bottom }) => ({ top, bottom })));
  assert.ok(button.top >= reason.bottom, 'what can be done has no row of its own');
  await page.setViewportSize({ width: 1180, height: 760 });

  // What is read again is shown in every card; what is typed beside it stays.
  await page.getByTestId('page-settings').click();
  const helping = page.getByTestId('helping');
  await helping.getByTestId('programs').fill('zoom');
  await page.getByTestId('bandwidth').fill('20');
  await page.evaluate(() => window.fake.set((settings) => ({ ...settings, temp_limit: 7e9, helping: { ...settings.helping, keep_free: 9e9 }, replace: { ...settings.replace, testing_mode: true }, shared: { ...settings.shared, folders: ['/mnt/new'] } })));
  await page.getByTestId('reread').click();
  await page.getByRole('button', { name: 'Remove /mnt/new' }).waitFor();
  assert.equal(await page.getByRole('switch', { name: 'Testing mode' }).isChecked(), true);
  assert.equal(await helping.getByTestId('keep-free').inputValue(), '9');
  assert.equal(await page.getByTestId('temp-limit').inputValue(), '7');
  assert.deepEqual([await helping.getByTestId('programs').inputValue(), await page.getByTestId('bandwidth').inputValue()], ['zoom', '20']);
  await page.evaluate(() => window.fake.set((settings) => ({ ...settings, helping: { ...settings.helping, mode: 'all_in' } })));
  await helping.getByTestId('save-helping').click();
  await helping.getByText('Saved.').waitFor();
  assert.equal(await helping.getByRole('radio', { name: 'All in' }).isChecked(), true);

  // What is typed while it is saved is still there afterwards.
  await page.goto(`${base}?scene=busy&presets&slow=700&lang=en`);
  await page.getByTestId('page-settings').click();
  await helping.getByTestId('programs').fill('zoom');
  await helping.getByTestId('save-helping').click();
  await helping.getByTestId('programs').fill('zoom, krita');
  await helping.getByText('Saved.').waitFor();
  assert.equal(await helping.getByTestId('programs').inputValue(), 'zoom, krita');
  await page.getByTestId('bandwidth').fill('20');
  await page.getByTestId('save-settings').last().click();
  await page.getByTestId('bandwidth').fill('21');
  await page.locator('.answer').getByText('Saved.').waitFor();
  assert.equal(await page.getByTestId('bandwidth').inputValue(), '21');

  const name = page.getByTestId('rename').first();
  for (const [wrong, says] of [['Archive', 'There is a preset called “Archive” already.'], [' ', 'A preset needs a name.']]) {
    await name.fill(wrong);
    await name.press('Enter');
    await page.getByText(says).waitFor();
    assert.equal(await name.inputValue(), 'Living-room TV');
  }

  // The statistics are asked for when something has come of it, not with every event.
  await page.goto(`${base}?scene=play&speed=60&lang=en`);
  await page.getByTestId('page-figures').click();
  await page.getByTestId('figures-computer').first().waitFor();
  await page.waitForTimeout(700);
  assert.equal(await page.evaluate(() => window.fake.asked.figures), 1);
}
