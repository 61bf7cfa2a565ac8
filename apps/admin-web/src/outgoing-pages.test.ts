import { requirePrograms, sharedPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { Person } from './testing/browser.ts';
import { queueMail, useDatabase } from './testing/queue-mail.ts';

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
  await page.getByText(/ann@xn--/).waitFor();
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
