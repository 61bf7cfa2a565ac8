import { useState } from 'preact/hooks';
import type { Account, Removed, RemovedMessages } from '../../../src/schemas/account.ts';
import { call } from '../api.ts';
import { formatAgo, formatMoment, formatOctets } from '../format.ts';
import { Badge, Card } from '../parts/basics.tsx';
import { Ask, List, ListPage } from '../parts/list.tsx';
import { Rich } from '../parts/rich.tsx';
import { safeText } from '../safe-text.ts';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';

export function RemovedPage() {
  const account = useData<Account>('/account');
  const removed = useData<Removed>('/account/removed');
  const [restoring, setRestoring] = useState<string | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const days = account.data?.retentionDays ?? null;
  const restore = async (mailbox: string) => {
    const { data } = await call<{ messages: number }>('POST', '/account/removed/restore', { body: { mailbox } });
    setDone(t.removed.done(data.messages, mailbox));
    setShown(null);
    removed.reload();
  };
  return (
    <ListPage
      title={t.removed.title}
      lead={days === null ? t.removed.lead : t.removed.leadDays(days)}
      done={done}
      of={removed}
      empty={t.removed.empty}
      keyOf={({ mailbox, firstRemoved }) => `${mailbox} ${firstRemoved}`}
      columns={[
        {
          title: t.removed.mailbox,
          kind: 'name',
          show: ({ mailbox, isDeleted }) => (
            <>
              <bdi class="code">{mailbox}</bdi> {isDeleted ? <Badge kind="warn">{t.removed.deleted}</Badge> : null}
            </>
          ),
        },
        { title: t.removed.messages, kind: 'number', show: ({ messages }) => messages },
        { title: t.removed.size, kind: 'number', show: ({ octets }) => formatOctets(octets) },
        { title: t.removed.lastRemoved, show: ({ lastRemoved }) => formatAgo(lastRemoved) },
      ]}
      actions={({ mailbox }) => (
        <>
          <button
            type="button"
            onClick={() => setShown(shown === mailbox ? null : mailbox)}
            aria-expanded={shown === mailbox}
            aria-label={t.removed.showOne(mailbox)}
          >
            {t.removed.show}
          </button>
          <button type="button" onClick={() => setRestoring(mailbox)} aria-label={t.removed.restoreOne(mailbox)}>
            {t.removed.restore}
          </button>
        </>
      )}
    >
      {shown === null ? null : <Messages mailbox={shown} />}
      <Ask
        about={restoring}
        title={() => t.removed.ask}
        submit={t.removed.restore}
        kind="primary"
        onClose={() => setRestoring(null)}
        onAgree={restore}
      >
        {(mailbox) => (
          <p>
            <Rich text={t.removed.asked} parts={{ mailbox: () => <bdi class="code">{mailbox}</bdi> }} />
          </p>
        )}
      </Ask>
    </ListPage>
  );
}

function Messages({ mailbox }: { mailbox: string }) {
  const messages = useData<RemovedMessages>(`/account/removed/messages?mailbox=${encodeURIComponent(mailbox)}`);
  return (
    <Card title={t.removed.from(mailbox)}>
      <List
        of={messages}
        empty={t.removed.nothing}
        keyOf={(message) => JSON.stringify(message)}
        columns={[
          { title: t.removed.removed, show: ({ removedAt }) => formatMoment(removedAt) },
          { title: t.removed.sender, show: ({ from }) => <bdi>{safeText(from)}</bdi> },
          { title: t.removed.subject, show: ({ subject }) => <bdi>{safeText(subject)}</bdi> },
          { title: t.removed.size, kind: 'number', show: ({ sizeOctets }) => formatOctets(sizeOctets) },
        ]}
      />
    </Card>
  );
}
