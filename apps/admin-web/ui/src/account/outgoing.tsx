import { useState } from 'preact/hooks';
import type { SentDetails, SentEntry } from '../../../src/schemas/account-queue.ts';
import { call } from '../api.ts';
import { formatAgo, formatMoment, formatOctets } from '../format.ts';
import { Badge, Choice, Show } from '../parts/basics.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Ask, ListPage } from '../parts/list.tsx';
import { Link } from '../router.tsx';
import { safeText } from '../safe-text.ts';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';

/** Of what is not finished yet the sending can be cancelled. */
const OPEN: readonly SentEntry['state'][] = ['waiting', 'held'];

/** What somebody has sent to other servers. @param message only of this one, as the log names it; null: all */
export function OutgoingPage({ message }: { message: string | null }) {
  const [withFinished, setWithFinished] = useState(false);
  const wanted = new URLSearchParams({
    ...(withFinished ? { finished: 'true' } : {}),
    ...(message === null ? {} : { message }),
  });
  const sent = useData<SentEntry[]>(`/account/queue?${wanted}`);
  const [shown, setShown] = useState<SentEntry | null>(null);
  const [cancelling, setCancelling] = useState<SentEntry | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const cancel = async ({ id }: SentEntry) => {
    setDone(null);
    await call('POST', `/account/queue/${id}/cancel`, { body: {} }).finally(sent.reload);
    setDone(t.outgoing.cancelled);
  };
  return (
    <ListPage
      title={t.outgoing.title}
      lead={message === null ? t.outgoing.lead : t.outgoing.leadOfOne}
      head={
        <>
          {message === null ? null : <Link to="/account/outgoing">{t.outgoing.all}</Link>}
          <button type="button" onClick={sent.reload}>
            {t.outgoing.lookAgain}
          </button>
        </>
      }
      done={done}
      above={<Choice label={t.outgoing.withDone} isOn={withFinished} onChange={setWithFinished} />}
      of={sent}
      empty={withFinished ? t.outgoing.emptyAll : t.outgoing.empty}
      keyOf={({ id }) => id}
      columns={[
        { title: t.outgoing.to, kind: 'name', show: ({ to }) => <bdi>{safeText(to)}</bdi> },
        {
          title: t.outgoing.since,
          kind: 'line',
          show: ({ queuedAt, sizeOctets }) => (
            <>
              {formatAgo(queuedAt)} <span class="quiet small">{formatOctets(sizeOctets)}</span>
            </>
          ),
        },
        { title: t.outgoing.state, show: (entry) => <State entry={entry} /> },
        {
          title: t.outgoing.lastAnswer,
          show: ({ lastReply, lastMta }) => (
            <>
              {lastReply === null ? t.outgoing.noAnswer : <bdi>{safeText(lastReply)}</bdi>}{' '}
              {lastMta === null ? null : <span class="quiet small">{t.outgoing.by(safeText(lastMta))}</span>}
            </>
          ),
        },
      ]}
      actions={(entry) => (
        <>
          <Link to={`/account/mail/${encodeURIComponent(entry.message)}`}>
            {t.mail.itsWay}
            <span class="only-read">{t.outgoing.wayTo(safeText(entry.to))}</span>
          </Link>
          <button type="button" onClick={() => setShown(entry)} aria-label={t.outgoing.showOne(entry.to)}>
            {t.outgoing.show}
          </button>
          {OPEN.includes(entry.state) ? (
            <button
              type="button"
              class="bad"
              onClick={() => setCancelling(entry)}
              aria-label={t.outgoing.cancelOne(entry.to)}
            >
              {t.outgoing.cancel}
            </button>
          ) : null}
        </>
      )}
    >
      {shown === null ? null : <Details entry={shown} onClose={() => setShown(null)} />}
      <Ask
        about={cancelling}
        title={() => t.outgoing.askCancel}
        submit={t.outgoing.cancelIt}
        keep={t.outgoing.keep}
        onClose={() => setCancelling(null)}
        onAgree={cancel}
      >
        {({ to }) => <p>{t.outgoing.cancelling(safeText(to))}</p>}
      </Ask>
    </ListPage>
  );
}

function State({ entry: { state, attempts, nextAttemptAt } }: { entry: SentEntry }) {
  const kind = state === 'failed' ? 'bad' : state === 'held' ? 'warn' : '';
  return (
    <>
      <Badge kind={kind}>{t.outgoing.states[state]}</Badge>{' '}
      <span class="quiet small">
        {attempts === 0 ? '' : t.outgoing.attempts(attempts)}
        {attempts === 0 || nextAttemptAt === null ? '' : ', '}
        {nextAttemptAt === null ? '' : t.outgoing.nextAt(formatMoment(nextAttemptAt))}
      </span>
    </>
  );
}

function Details({ entry, onClose }: { entry: SentEntry; onClose: () => void }) {
  const details = useData<SentDetails>(`/account/queue/${entry.id}`);
  return (
    <Dialog title={t.outgoing.what(safeText(entry.to))} onClose={onClose}>
      <Show of={details}>{(known) => <Timeline sent={known} />}</Show>
      <div class="actions">
        <button type="button" class="primary" onClick={onClose}>
          {t.parts.done}
        </button>
      </div>
    </Dialog>
  );
}

/** What happened, the oldest first. */
function Timeline({ sent }: { sent: SentDetails }) {
  return (
    <>
      <p>
        <State entry={sent} />
      </p>
      <ol class="timeline">
        <li>
          <span class="quiet small">{formatMoment(sent.queuedAt)}</span>
          <strong>{t.outgoing.queued}</strong>
        </li>
        {sent.events.map(({ at, type, reply, mta }) => (
          <li key={`${at} ${type} ${mta}`} class={type === 'failed' ? 'bad' : ''}>
            <span class="quiet small">{formatMoment(at)}</span>
            <strong>{t.outgoing.events[type]}</strong>
            {reply === null ? null : <bdi>{safeText(reply)}</bdi>}
            {mta === null ? null : <span class="quiet small">{t.outgoing.by(safeText(mta))}</span>}
          </li>
        ))}
      </ol>
      {sent.events.length === 0 ? <p class="quiet">{t.outgoing.nothingYet}</p> : null}
    </>
  );
}
