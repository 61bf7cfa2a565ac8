import { useState } from 'preact/hooks';
import type { Account, Removed, RemovedMessages } from '../../../src/schemas/account.ts';
import { call } from '../api.ts';
import { formatAgo, formatCount, formatMoment, formatOctets } from '../format.ts';
import { Badge, Card, Empty, Notice, PageHead, Show } from '../parts/basics.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { useData } from '../use-data.ts';

export function RemovedPage() {
  const account = useData<Account>('/account');
  const removed = useData<Removed>('/account/removed');
  const [restoring, setRestoring] = useState<string | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const days = account.data?.retentionDays ?? null;
  const lead =
    days === null
      ? 'Messages that can be brought back.'
      : `What was removed in the last ${formatCount(days, 'day')} can be brought back.`;
  return (
    <>
      <PageHead title="Removed mail" lead={lead} />
      {done === null ? null : <Notice>{done}</Notice>}
      <Card>
        <Show of={removed}>
          {(mailboxes) =>
            mailboxes.length === 0 ? (
              <Empty>Nothing was removed lately.</Empty>
            ) : (
              <table class="cards">
                <thead>
                  <tr>
                    <th scope="col">Mailbox</th>
                    <th scope="col" class="number">
                      Messages
                    </th>
                    <th scope="col" class="number">
                      Size
                    </th>
                    <th scope="col">Last removed</th>
                    <th scope="col">
                      <span class="only-read">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {mailboxes.map(({ mailbox, isDeleted, messages, octets, firstRemoved, lastRemoved }) => (
                    <tr key={`${mailbox} ${firstRemoved}`}>
                      <th scope="row">
                        <span class="code">{mailbox}</span> {isDeleted ? <Badge kind="warn">deleted</Badge> : null}
                      </th>
                      <td data-label="Messages" class="number">
                        {messages}
                      </td>
                      <td data-label="Size" class="number">
                        {formatOctets(octets)}
                      </td>
                      <td data-label="Last removed">{formatAgo(lastRemoved)}</td>
                      <td class="do">
                        <div class="actions">
                          <button
                            type="button"
                            onClick={() => setShown(shown === mailbox ? null : mailbox)}
                            aria-expanded={shown === mailbox}
                            aria-label={`Show what was removed from ${mailbox}`}
                          >
                            Show
                          </button>
                          <button
                            type="button"
                            onClick={() => setRestoring(mailbox)}
                            aria-label={`Bring back what was removed from ${mailbox}`}
                          >
                            Bring back
                          </button>
                        </div>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Show>
      </Card>
      {shown === null ? null : <Messages mailbox={shown} />}
      {restoring === null ? null : (
        <Confirm
          title="Bring these messages back?"
          submit="Bring back"
          onClose={() => setRestoring(null)}
          onAgree={async () => {
            const body = { mailbox: restoring };
            const { data } = await call<{ messages: number }>('POST', '/account/removed/restore', { body });
            setDone(`${formatCount(data.messages, 'message')} came back to ${restoring}.`);
            setRestoring(null);
            setShown(null);
            removed.reload();
          }}
        >
          <p>
            All that was removed from <span class="code">{restoring}</span> and is still kept comes back there.
          </p>
        </Confirm>
      )}
    </>
  );
}

function Messages({ mailbox }: { mailbox: string }) {
  const messages = useData<RemovedMessages>(`/account/removed/messages?mailbox=${encodeURIComponent(mailbox)}`);
  return (
    <Card title={`Removed from ${mailbox}`}>
      <Show of={messages}>
        {(list) => (
          <table class="cards">
            <thead>
              <tr>
                <th scope="col">Removed</th>
                <th scope="col">From</th>
                <th scope="col">Subject</th>
                <th scope="col" class="number">
                  Size
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((message) => (
                <tr key={JSON.stringify(message)}>
                  <td data-label="Removed">{formatMoment(message.removedAt)}</td>
                  <td data-label="From">{message.from}</td>
                  <td data-label="Subject">{message.subject}</td>
                  <td data-label="Size" class="number">
                    {formatOctets(message.sizeOctets)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Show>
    </Card>
  );
}
