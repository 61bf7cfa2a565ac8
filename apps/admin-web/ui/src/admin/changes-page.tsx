import type { Change } from '../../../src/schemas/admin.ts';
import { formatMoment } from '../format.ts';
import { Badge } from '../parts/basics.tsx';
import { ListPage } from '../parts/list.tsx';
import { Said } from '../parts/said.tsx';
import { safeText } from '../safe-text.ts';
import { usePages } from '../use-pages.ts';

const DOORS = new Map([
  ['command', 'command line'],
  ['imap', 'IMAP'],
  ['web', 'web'],
  ['api', 'token'],
  ['server', 'server'],
]);

export function ChangesPage() {
  const changes = usePages<Change>('/admin/changes');
  return (
    <ListPage
      title="Changes"
      lead="Who changed what, the newest first."
      of={changes}
      empty="Nobody changed anything yet."
      keyOf={(change) => JSON.stringify(change)}
      columns={[
        { title: 'When', kind: 'line', show: ({ at }) => formatMoment(at) },
        {
          title: 'Who',
          show: ({ actor, door, token, origin }) => (
            <>
              <Said>{actor}</Said>{' '}
              <span class="quiet small">
                <Said>{[DOORS.get(door) ?? door, token, origin].filter((part) => part !== null).join(', ')}</Said>
              </span>
            </>
          ),
        },
        {
          title: 'What',
          show: ({ kind, name, before, after }) => (
            <>
              {kind} <Said>{name}</Said> {before === null ? <Badge>added</Badge> : null}
              {after === null ? <Badge kind="bad">removed</Badge> : null}
            </>
          ),
        },
        {
          title: 'From, and to',
          show: ({ before, after }) => (
            <details>
              <summary>Show</summary>
              {before === null ? null : <pre>{safeText(JSON.stringify(before, null, 1))}</pre>}
              {after === null ? null : <pre>{safeText(JSON.stringify(after, null, 1))}</pre>}
            </details>
          ),
        },
      ]}
    />
  );
}
