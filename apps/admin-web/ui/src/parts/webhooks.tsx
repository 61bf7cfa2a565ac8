import { useState } from 'preact/hooks';
import type { Webhook } from '../../../src/schemas/webhooks.ts';
import { call } from '../api.ts';
import { formatAgo, formatMoment } from '../format.ts';
import { safeText } from '../safe-text.ts';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';
import { Badge } from './basics.tsx';
import { Ask, type Column, ListPage } from './list.tsx';
import { AddWebhook, ChangeWebhook } from './webhook-dialogs.tsx';

interface WebhooksProps {
  /** Of the API. */
  readonly path: string;
  /** Everybody's, with what only an operator may say of them; else those of one account. */
  readonly isOfServer: boolean;
}

/** Which programs are told what becomes of mail, whether they hear it, and what can be done about that. */
export function Webhooks({ path, isOfServer }: WebhooksProps) {
  const list = useData<Webhook[]>(path);
  const [isAdding, setAdding] = useState(false);
  const [changing, setChanging] = useState<Webhook | null>(null);
  const [pausing, setPausing] = useState<Webhook | null>(null);
  const [removing, setRemoving] = useState<Webhook | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const pause = async ({ id, pausedAt }: Webhook) => {
    setDone(null);
    await call('PATCH', `${path}/${id}`, { body: { isPaused: pausedAt === null } }).finally(list.reload);
    setDone(pausedAt === null ? t.webhooks.isPausedNow : t.webhooks.goesOn);
  };
  const whose: Column<Webhook> = {
    title: t.webhooks.whose,
    show: ({ account }) => account ?? t.webhooks.everybody,
  };
  return (
    <ListPage
      title={t.webhooks.title}
      lead={isOfServer ? t.webhooks.leadOfAll : t.webhooks.lead}
      head={
        <>
          <button type="button" onClick={list.reload}>
            {t.webhooks.lookAgain}
          </button>
          <button type="button" class="primary" onClick={() => setAdding(true)}>
            {t.webhooks.add}
          </button>
        </>
      }
      done={done}
      of={list}
      empty={t.webhooks.empty}
      keyOf={({ id }) => id}
      columns={[
        {
          title: t.webhooks.url,
          kind: 'name',
          show: ({ url, allowsPrivate }) => (
            <>
              <bdi class="code">{safeText(url)}</bdi>{' '}
              {allowsPrivate ? <Badge kind="warn">{t.webhooks.isPrivate}</Badge> : null}
            </>
          ),
        },
        ...(isOfServer ? [whose] : []),
        { title: t.webhooks.hears, show: ({ events }) => events.map((event) => t.webhooks.events[event]).join(', ') },
        { title: t.webhooks.state, show: (webhook) => <State of={webhook} /> },
      ]}
      actions={(webhook) => {
        const name = safeText(webhook.url);
        const isPaused = webhook.pausedAt !== null;
        return (
          <>
            <button type="button" onClick={() => setChanging(webhook)} aria-label={t.parts.changeOne(name)}>
              {t.parts.change}
            </button>
            <button
              type="button"
              onClick={() => setPausing(webhook)}
              aria-label={isPaused ? t.webhooks.resumeOne(name) : t.webhooks.pauseOne(name)}
            >
              {isPaused ? t.webhooks.resume : t.webhooks.pause}
            </button>
            <button type="button" class="bad" onClick={() => setRemoving(webhook)} aria-label={t.parts.removeOne(name)}>
              {t.parts.remove}
            </button>
          </>
        );
      }}
    >
      {isAdding ? (
        <AddWebhook path={path} isOfServer={isOfServer} onClose={() => setAdding(false)} onAdded={list.reload} />
      ) : null}
      {changing === null ? null : (
        <ChangeWebhook
          webhook={changing}
          path={path}
          isOfServer={isOfServer}
          onClose={() => setChanging(null)}
          onChanged={list.reload}
        />
      )}
      <Ask
        about={pausing}
        title={({ pausedAt }) => (pausedAt === null ? t.webhooks.askPause : t.webhooks.askResume)}
        submit={pausing?.pausedAt === null ? t.webhooks.pauseIt : t.webhooks.resumeIt}
        kind="primary"
        onClose={() => setPausing(null)}
        onAgree={pause}
      >
        {({ pausedAt }) => <p>{pausedAt === null ? t.webhooks.pausing : t.webhooks.resuming}</p>}
      </Ask>
      <Ask
        about={removing}
        title={() => t.webhooks.askRemove}
        submit={t.parts.removeIt}
        onClose={() => setRemoving(null)}
        onAgree={async ({ id }) => {
          setDone(null);
          await call('DELETE', `${path}/${id}`).finally(list.reload);
        }}
      >
        {({ url }) => <p>{t.webhooks.removing(safeText(url))}</p>}
      </Ask>
    </ListPage>
  );
}

function State({ of: { pausedAt, takenAt, failedAt, lastFailure, waiting } }: { of: Webhook }) {
  return (
    <>
      {pausedAt === null ? null : (
        <div>
          <Badge kind="bad">{t.webhooks.pausedSince(formatMoment(pausedAt))}</Badge>
        </div>
      )}
      {lastFailure === null ? null : (
        <div>
          {pausedAt === null ? <Badge kind="warn">{t.webhooks.fails}</Badge> : null} <bdi>{safeText(lastFailure)}</bdi>{' '}
          {failedAt === null ? null : <span class="quiet small">{formatAgo(failedAt)}</span>}
        </div>
      )}
      <div class="quiet small">
        {takenAt === null ? t.webhooks.tookNothing : t.webhooks.took(formatAgo(takenAt))}
        {waiting === 0 ? '' : `, ${t.webhooks.waiting(waiting)}`}
      </div>
    </>
  );
}
