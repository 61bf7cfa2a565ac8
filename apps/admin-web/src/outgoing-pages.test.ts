import { requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';
import { queueMail, useDatabase } from './testing/queue-mail.ts';
import { sendMail } from './testing/send-mail.ts';

test('who sent a message sees why it waits, what was tried, and cancels it', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  // The second name is of Cyrillic letters that look like Latin ones.
  const names = ['bob@example.org', 'ann@еxаmple.org'];
  await queueMail(postel, mary, names);
  await useDatabase(postel, async ({ sql }) => {
    await sql`update queue_recipients set attempts = 2, last_reply = '451 4.7.1 <img src=x onerror=alert(1)> later',
                     last_mta = 'mx.example.org' where forward_path = 'bob@example.org'`;
    for (const hours of [3, 1]) {
      await sql`insert into queue_events (recipient_id, happened_at, type, status, reply, mta)
                select recipient_id, now() - make_interval(hours => ${hours}), 'deferred', '4.7.1', '451 4.7.1 later', 'mx.example.org'
                  from queue_recipients join accounts using (account_id)
                 where name = ${mary.name} and forward_path = 'bob@example.org'`;
    }
  });
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signIn(mary.name, mary.password);
  await person.open('Outgoing mail');
  await page.getByText('451 4.7.1 <img src=x onerror=alert(1)> later').waitFor();
  await page.getByRole('rowheader', { name: /ann@xn--/ }).waitFor();
  await person.look('outgoing');
  await page.getByRole('button', { name: 'Show what happened to the message for bob@example.org' }).click();
  await page.getByText('Taken from you').waitFor();
  expect(await page.getByRole('dialog').getByText('Put off').count()).toBe(2);
  await person.look('outgoing-details');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Cancel the message for bob@example.org' }).click();
  await person.look('outgoing-cancel');
  await page.getByRole('button', { name: 'Cancel the message', exact: true }).click();
  await page.getByText('The message is cancelled.').waitFor();
  await expect.poll(() => page.getByRole('rowheader', { name: 'bob@example.org' }).count()).toBe(0);
  await page.getByLabel('Also what is finished').check();
  await page.getByText('cancelled', { exact: true }).waitFor();
  expect(person.complaints).toEqual([]);
});

test('from the way of a message to cancelling it, and back', async ({ skip }) => {
  requirePrograms(skip, 'chromium');
  const postel = sharedPostel();
  const mary = await postel.addAccount('mary');
  await sendMail(postel.ports.submission, {
    from: mary.address,
    to: ['other@localhost'],
    message: `From: ${mary.address}\r\n\r\nhello`,
    account: mary,
  });
  // This server sends nothing to others: the queue has another message, and then a copy of this one.
  await queueMail(postel, mary, ['carl@example.org']);
  await using person = await Person.visiting(postel.ports.web);
  const { page } = person;
  await person.signIn(mary.name, mary.password);
  await person.open('Sent and received');
  await page.getByLabel('Show').selectOption('out');
  await expect
    .poll(
      async () => {
        await page.getByRole('button', { name: 'Find' }).click();
        await person.settled();
        return await page.getByRole('link', { name: 'Its way' }).count();
      },
      { timeout: 60_000 },
    )
    .toBe(1);
  await page.getByRole('link', { name: 'Its way' }).click();
  const name =
    (await page.locator('dt', { hasText: 'In the log' }).locator('xpath=following-sibling::dd[1]').textContent()) ?? '';
  expect(name).toMatch(/^[0-9a-f-]+$/);
  await person.settled();
  expect(await page.getByRole('link', { name: 'See why, or cancel it' }).count()).toBe(0);

  await queueMail(postel, mary, ['bob@example.org'], null, name);
  await page.reload();
  await page.getByText('To 1 recipient at other servers it is not sent yet.').waitFor();
  await person.look('account-mail-way-waiting');
  await page.getByRole('link', { name: 'See why, or cancel it' }).click();
  await page.getByRole('rowheader', { name: 'bob@example.org' }).waitFor();
  expect(await page.getByRole('rowheader', { name: 'carl@example.org' }).count()).toBe(0);
  await person.look('outgoing-one');
  await page.getByRole('button', { name: 'Cancel the message for bob@example.org' }).click();
  await page.getByRole('button', { name: 'Cancel the message', exact: true }).click();
  await page.getByText('The message is cancelled.').waitFor();
  await page.getByLabel('Also what is finished').check();
  await page.getByRole('link', { name: /^Its way\s+of the message for bob@example.org$/ }).click();
  await page.getByRole('heading', { name: 'The way of a message' }).waitFor();
  await person.settled();
  expect(await page.getByRole('link', { name: 'See why, or cancel it' }).count()).toBe(0);
  await person.open('Outgoing mail');
  await page.getByRole('rowheader', { name: 'carl@example.org' }).waitFor();
  expect(person.complaints).toEqual([]);
});
