import { useState } from 'preact/hooks';
import type { QueueEntry } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { formatAgo, formatCount, formatMoment, formatOctets } from '../format.ts';
import { Badge, Card, Empty, Field, Notice, PageHead, Show } from '../parts/basics.tsx';
import { Confirm, useWork } from '../parts/dialog.tsx';
import { More } from '../parts/more.tsx';
import { usePages } from '../use-pages.ts';

type QueueChange = 'retry' | 'hold' | 'release' | 'drop';

export function QueuePage() {
  const [text, setText] = useState('');
  const queue = usePages<QueueEntry>('/admin/queue');
  const [dropping, setDropping] = useState<QueueEntry | null>(null);
  const { isBusy, error, work } = useWork();
  const change = async (what: QueueChange, id: number) => {
    const { data } = await call<{ ids: number[] }>('POST', '/admin/queue/change', {
      body: { change: what, ids: [id] },
    });
    queue.reload();
    if (data.ids.length === 0) throw new Error('it is being sent at this moment, or is finished');
  };
  return (
    <>
      <PageHead title="Queue" lead="What waits to be sent to other servers, and why.">
        <button type="button" onClick={queue.reload}>
          Look again
        </button>
      </PageHead>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <Card>
        <Field label="Find" hint="By sender, recipient or answer." value={text} onValue={setText} />
        <Show of={queue}>
          {(list) => {
            const wanted = text.trim().toLowerCase();
            const found = list.filter((entry) =>
              [entry.reversePath, entry.forwardPath, entry.lastReply ?? ''].some((each) =>
                each.toLowerCase().includes(wanted),
              ),
            );
            if (found.length === 0)
              return <Empty>{list.length === 0 ? 'Nothing waits.' : 'Nothing like that waits.'}</Empty>;
            return (
              <table class="cards">
                <thead>
                  <tr>
                    <th scope="col">To</th>
                    <th scope="col">From</th>
                    <th scope="col">Since</th>
                    <th scope="col">State</th>
                    <th scope="col">Last answer</th>
                    <th scope="col">
                      <span class="only-read">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {found.map((entry) => (
                    <tr key={entry.id}>
                      <th scope="row">{entry.forwardPath}</th>
                      <td data-label="From">
                        {entry.reversePath || '<>'} <span class="quiet small">{formatOctets(entry.sizeOctets)}</span>
                      </td>
                      <td data-label="Since">{formatAgo(entry.queuedAt)}</td>
                      <td data-label="State">
                        <Badge kind={entry.state === 'held' ? 'warn' : ''}>
                          {entry.isInHand ? 'being sent' : entry.state}
                        </Badge>{' '}
                        <span class="quiet small">
                          {formatCount(entry.attempts, 'attempt')}
                          {entry.nextAttemptAt === null ? '' : `, next ${formatMoment(entry.nextAttemptAt)}`}
                        </span>
                      </td>
                      <td data-label="Last answer">
                        {entry.lastReply ?? 'none yet'}{' '}
                        {entry.lastMta === null ? null : <span class="quiet small">{entry.lastMta}</span>}
                      </td>
                      <td class="do">
                        <div class="actions">
                          {entry.state === 'held' ? (
                            <button
                              type="button"
                              disabled={isBusy}
                              onClick={() => work(() => change('release', entry.id))}
                              aria-label={`Release what is for ${entry.forwardPath}`}
                            >
                              Release
                            </button>
                          ) : (
                            <>
                              <button
                                type="button"
                                disabled={isBusy}
                                onClick={() => work(() => change('retry', entry.id))}
                                aria-label={`Try now what is for ${entry.forwardPath}`}
                              >
                                Try now
                              </button>
                              <button
                                type="button"
                                disabled={isBusy}
                                onClick={() => work(() => change('hold', entry.id))}
                                aria-label={`Hold what is for ${entry.forwardPath}`}
                              >
                                Hold
                              </button>
                            </>
                          )}
                          <button
                            type="button"
                            class="bad"
                            disabled={isBusy}
                            onClick={() => setDropping(entry)}
                            aria-label={`Drop what is for ${entry.forwardPath}`}
                          >
                            Drop
                          </button>
                        </div>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            );
          }}
        </Show>
        <More of={queue} />
      </Card>
      {dropping === null ? null : (
        <Confirm
          title="Drop this message?"
          submit="Drop it"
          onClose={() => setDropping(null)}
          onAgree={async () => {
            await change('drop', dropping.id);
            setDropping(null);
          }}
        >
          <p>It is not sent to {dropping.forwardPath}, and nobody is told.</p>
        </Confirm>
      )}
    </>
  );
}
