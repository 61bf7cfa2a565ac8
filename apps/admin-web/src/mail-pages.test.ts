import { requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';
import { sendMail } from './testing/send-mail.ts';

const HOSTILE = '<img/src=x/onerror=window.hostile=1>';

/** Looks until so many are found: they are written a moment later. */
async function found(person: Person, rows: number): Promise<void> {
  await expect
    .poll(
      async () => {
        await person.page.getByRole('button', { name: 'Find' }).click();
        await person.settled();
        return await person.page.getByRole('link', { name: 'Its way' }).count();
      },
      { timeout: 60_000 },
    )
    .toBe(rows);
}

test('hardening 39: where is my mail? An administrator finds it, and sees its way, whatever clients say', async ({
  skip,
}) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const { ports } = postel;
  const mary = await postel.addAccount('mary');
  const from = `"${HOSTILE}"@${mary.name}.example.net`;
  await sendMail(ports.mx, {
    from,
    to: [mary.address],
    message: `Message-ID: <"${HOSTILE.slice(1, -1)}"@example.net>\r\nSubject: never kept\r\n\r\nx`,
  });
  await sendMail(ports.mx, { from, to: [`"${HOSTILE}"@strict.localhost`] });
  await using person = await Person.visiting(ports.web);
  const { page } = person;
  await person.signInAsAdmin();
  await page.getByText('parts of the server work').waitFor();
  await person.open('Mail');
  await page.getByLabel('Find').fill(mary.address);
  await found(person, 1);
  await person.look('admin-mail');
  await page.getByRole('link', { name: 'Its way' }).first().click();
  await page.getByText(`Delivered to ${mary.address}`).waitFor();
  await page.getByText('It is still there').waitFor();
  expect(await page.getByText(HOSTILE).count()).toBeGreaterThan(0);
  expect(await page.getByText('never kept').count()).toBe(0);
  await person.look('admin-mail-way');

  await page.getByRole('link', { name: 'All mail' }).click();
  await page.getByLabel('Find').fill(from);
  await page.getByLabel('What became of it').selectOption('refused');
  await found(person, 1);
  await page.getByRole('link', { name: 'Its way' }).first().click();
  await page.getByText('Refused the recipient').waitFor();
  await page.getByText('550 5.1.1').first().waitFor();
  await page.goto('/admin/mail/0000000000-1');
  await page.getByText('nothing is kept of it any more').waitFor();
  expect(await page.evaluate('window.hostile')).toBeUndefined();
  expect(person.complaints.filter((text) => !text.includes('404'))).toEqual([]);
});

test('what came for me, what was refused, and what I sent', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const { ports } = postel;
  const mary = await postel.addAccount('mary');
  await using person = await Person.visiting(ports.web);
  const { page } = person;
  await person.signIn(mary.name, mary.password);
  await person.open('Sent and received');
  await page.getByText('Nothing like that is known.').waitFor();
  await person.look('account-mail-none');
  await sendMail(ports.mx, { from: 'bob@example.net', to: [mary.address] });
  await postel.setQuota(mary, { messages: 1 });
  await sendMail(ports.mx, { from: 'carl@example.net', to: [mary.address] });
  await sendMail(ports.submission, {
    from: mary.address,
    to: ['other@localhost'],
    message: `From: ${mary.address}\r\n\r\nhello`,
    account: mary,
  });
  await found(person, 2);
  await page.getByText('452 4.2.2').waitFor();
  await person.look('account-mail');
  await page.getByLabel('Show').selectOption('out');
  await page.getByRole('cell', { name: 'other@localhost', exact: true }).waitFor();
  await page.getByRole('link', { name: 'Its way' }).click();
  await page.getByText('Delivered to other@localhost').waitFor();
  await person.look('account-mail-way');
  expect(person.complaints).toEqual([]);
});
