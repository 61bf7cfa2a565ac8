import { useState } from 'preact/hooks';
import type { QueueEntry } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { FormError } from '../form-error.ts';
import { formatAgo, formatCount, formatMoment, formatOctets } from '../format.ts';
import { Badge } from '../parts/basics.tsx';
import { useWork } from '../parts/dialog.tsx';
import { Ask, ListPage } from '../parts/list.tsx';
import { Said } from '../parts/said.tsx';
import { Link } from '../router.tsx';
import { safeText } from '../safe-text.ts';
import { usePages } from '../use-pages.ts';

type QueueChange = 'retry' | 'hold' | 'release' | 'drop';

export function QueuePage() {
  const queue = usePages<QueueEntry>('/admin/queue');
  const [dropping, setDropping] = useState<QueueEntry | null>(null);
  const { isBusy, error, work } = useWork();
  const change = async (what: QueueChange, id: number) => {
    const { data } = await call<{ ids: number[] }>('POST', '/admin/queue/change', {
      body: { change: what, ids: [id] },
    });
    queue.reload();
    if (data.ids.length === 0)
      throw new FormError('It is being sent at this moment, or is finished: nothing was changed.');
  };
  return (
    <ListPage
      title="Queue"
      lead="What waits to be sent to other servers, and why."
      head={
        <button type="button" onClick={queue.reload}>
          Look again
        </button>
      }
      error={error}
      of={queue}
      empty="Nothing waits."
      find={{
        hint: 'By sender, recipient or answer.',
        textsOf: ({ reversePath, forwardPath, lastReply }) => [reversePath, forwardPath, lastReply ?? ''],
        nothing: 'Nothing like that waits.',
      }}
      keyOf={({ id }) => id}
      columns={[
        { title: 'To', kind: 'name', show: ({ forwardPath }) => <Said>{forwardPath}</Said> },
        {
          title: 'From',
          show: ({ reversePath, sizeOctets, message, forwardPath }) => (
            <>
              <Said>{reversePath || '<>'}</Said> <span class="quiet small">{formatOctets(sizeOctets)}</span>{' '}
              <Link to={`/admin/mail/${encodeURIComponent(message)}`}>
                Its way<span class="only-read">{` to ${safeText(forwardPath)}`}</span>
              </Link>
            </>
          ),
        },
        { title: 'Since', show: ({ queuedAt }) => formatAgo(queuedAt) },
        { title: 'State', show: (entry) => <State entry={entry} /> },
        {
          title: 'Last answer',
          show: ({ lastReply, lastMta }) => (
            <>
              <Said>{lastReply ?? 'none yet'}</Said>{' '}
              {lastMta === null ? null : (
                <span class="quiet small">
                  <Said>{lastMta}</Said>
                </span>
              )}
            </>
          ),
        },
      ]}
      actions={(entry) => {
        const { id, state, forwardPath } = entry;
        const button = (what: QueueChange, label: string) => (
          <button
            type="button"
            disabled={isBusy}
            onClick={() => work(() => change(what, id))}
            aria-label={`${label} what is for ${safeText(forwardPath)}`}
          >
            {label}
          </button>
        );
        return (
          <>
            {state === 'held' ? (
              button('release', 'Release')
            ) : (
              <>
                {button('retry', 'Try now')}
                {button('hold', 'Hold')}
              </>
            )}
            <button
              type="button"
              class="bad"
              disabled={isBusy}
              onClick={() => setDropping(entry)}
              aria-label={`Drop what is for ${safeText(forwardPath)}`}
            >
              Drop
            </button>
          </>
        );
      }}
    >
      <Ask
        about={dropping}
        title={() => 'Drop this message?'}
        submit="Drop it"
        onClose={() => setDropping(null)}
        onAgree={({ id }) => change('drop', id)}
      >
        {({ forwardPath }) => (
          <p>
            It is not sent to <Said>{forwardPath}</Said>, and nobody is told.
          </p>
        )}
      </Ask>
    </ListPage>
  );
}

function State({ entry: { state, isInHand, attempts, nextAttemptAt } }: { entry: QueueEntry }) {
  return (
    <>
      <Badge kind={state === 'held' ? 'warn' : ''}>{isInHand ? 'being sent' : state}</Badge>{' '}
      <span class="quiet small">
        {formatCount(attempts, 'attempt')}
        {nextAttemptAt === null ? '' : `, next ${formatMoment(nextAttemptAt)}`}
      </span>
    </>
  );
}
