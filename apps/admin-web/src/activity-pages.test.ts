import { requirePrograms, startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';
import { queueMail, useDatabase } from './testing/queue-mail.ts';

test('an owner sees how much came, went and failed over a day, a week and a month, in charts and as a table', async ({
  skip,
}) => {
  requirePrograms(skip, 'chromium');
  await using postel = await startPostel();
  const mary = await postel.addAccount('mary');
  await queueMail(postel, mary, ['one@example.org', 'two@example.org', 'three@example.org']);
  await useDatabase(postel, async ({ sql }) => {
    // A wave of some days, an attack two days ago, and nothing in the last two hours.
    await sql`
      insert into mail_hours (hour, kind, messages, last_at)
      select hour, kind, case kind when 'received' then 20 + 18 * sin(n / 3.8) when 'refused' then n % 7 else 3 end, hour
        from generate_series(2, 719) as n, lateral (select date_trunc('hour', now()) - make_interval(hours => n)) as at (hour),
             unnest(array['received', 'refused']) as kind`;
    await sql`
      insert into login_attempts (attempt_key, first_at, last_at, count, service, outcome)
      select sha256(n::text::bytea), at, at, case when n between 40 and 52 then 900 else 2 end, 'imap', 'wrong-credentials'
        from generate_series(2, 719) as n, lateral (select date_trunc('hour', now()) - make_interval(hours => n)) as t (at)`;
    await sql`update queue_recipients set state = 'delivered', finished_at = now() - interval '50 hours' where forward_path like 'one@%'`;
    await sql`update queue_recipients set state = 'failed', finished_at = now() - interval '50 hours' where forward_path like 'two@%'`;
    await sql`
      insert into queue_events (recipient_id, type, happened_at)
      select recipient_id, 'deferred', now() - make_interval(hours => n)
        from queue_recipients, generate_series(30, 100, 10) as n where forward_path like 'three@%'`;
  });
  await using person = await Person.visiting(postel.ports.web, { timezoneId: 'Asia/Kolkata' });
  const { page } = person;
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  const loadsCharts = () => asked.some((url) => url.includes('plot-columns'));
  await page.goto('/admin/', { waitUntil: 'networkidle' });
  expect(loadsCharts()).toBe(false); // they are no part of the first page
  await person.signInAsAdmin();
  const mailIn = page.getByRole('region', { name: 'Mail in' });
  await mailIn.locator('canvas').waitFor();
  expect(loadsCharts()).toBe(true);
  await mailIn.getByText('in 24 hours').waitFor();
  await person.look('admin-activity-day');

  // By the keyboard, as by the mouse.
  await page.getByRole('radio', { name: '24 hours' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByRole('region', { name: 'Failed logins' }).getByText('in 7 days').waitFor();
  const out = page.getByRole('region', { name: 'Mail out' });
  await out.getByText('1 arrived, 1 given up').waitFor();
  await page.getByRole('region', { name: 'Put off' }).getByText('8 put off').waitFor();
  await person.look('admin-activity-week');
  await page.getByText('These 7 days as a table').click();
  const rows = page.getByRole('row').filter({ hasText: /\d\d:30 to \d\d:30/ });
  expect(await rows.count()).toBeGreaterThanOrEqual(25);
  await person.look('admin-activity-table');

  await page.getByRole('radio', { name: '30 days' }).check();
  await mailIn.getByText('in 30 days').waitFor();
  await mailIn.locator('.u-over').hover();
  await mailIn.getByText(/^\w{3} \d+ \w+: \d+ came$/).waitFor();
  // All charts point at the same day.
  await page
    .getByRole('region', { name: 'Refused' })
    .getByText(/^\w{3} \d+ \w+: \d+ refused$/)
    .waitFor();
  await person.look('admin-activity-month');

  // The colours of the canvas follow those of the page.
  const drawn = () => mailIn.locator('canvas').evaluate((canvas: { toDataURL(): string }) => canvas.toDataURL());
  const light = await drawn();
  await page.getByLabel('Colours').selectOption('dark');
  await expect.poll(async () => (await drawn()) === light, { timeout: 30_000 }).toBe(false);
  await page.getByLabel('Colours').selectOption('system');
  await expect.poll(async () => (await drawn()) === light, { timeout: 30_000 }).toBe(true);
  expect(person.complaints).toEqual([]);
});
