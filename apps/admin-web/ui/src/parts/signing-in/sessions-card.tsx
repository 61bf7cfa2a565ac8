import type { OpenSessions } from '../../../../src/schemas/sign-in.ts';
import { call } from '../../api.ts';
import { formatAgo, formatMoment, formatProgram } from '../../format.ts';
import { t } from '../../texts/texts.ts';
import { useData } from '../../use-data.ts';
import { Badge, Card, Notice } from '../basics.tsx';
import { useWork } from '../dialog.tsx';
import { List } from '../list.tsx';

/** The browsers that are signed in. */
export function SessionsCard({ onLeave }: { onLeave: () => void }) {
  const sessions = useData<OpenSessions>('/sessions');
  const { error, work } = useWork();
  const end = (id: string, isThis: boolean) =>
    work(async () => {
      await call('DELETE', isThis ? '/session' : `/sessions/${id}`);
      if (isThis) onLeave();
      else sessions.reload();
    });
  return (
    <Card title={t.signingIn.sessions}>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <List
        of={sessions}
        empty={t.signingIn.nowhere}
        keyOf={({ id }) => id}
        columns={[
          {
            title: t.signingIn.browser,
            show: ({ program, isThis }) => (
              <>
                {program === null ? t.parts.unknown : formatProgram(program)}{' '}
                {isThis ? <Badge>{t.signingIn.thisOne}</Badge> : null}
              </>
            ),
          },
          { title: t.signingIn.from, kind: 'line', show: ({ from }) => from ?? t.parts.unknown },
          { title: t.signingIn.since, kind: 'line', show: ({ createdAt }) => formatMoment(createdAt) },
          { title: t.signingIn.used, kind: 'line', show: ({ usedAt }) => formatAgo(usedAt) },
        ]}
        actions={({ id, isThis, from }) => (
          <button
            type="button"
            onClick={() => end(id, isThis)}
            aria-label={isThis ? t.signingIn.signOutHere : t.signingIn.signOutThere(from ?? t.signingIn.there)}
          >
            {t.signingIn.signOut}
          </button>
        )}
      />
    </Card>
  );
}
