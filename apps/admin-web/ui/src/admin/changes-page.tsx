import type { Change } from '../../../src/schemas/admin.ts';
import { formatMoment } from '../format.ts';
import { Badge, Card, Empty, PageHead, Show } from '../parts/basics.tsx';
import { More } from '../parts/more.tsx';
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
    <>
      <PageHead title="Changes" lead="Who changed what, the newest first." />
      <Card>
        <Show of={changes}>
          {(list) =>
            list.length === 0 ? (
              <Empty>Nobody changed anything yet.</Empty>
            ) : (
              <table class="cards">
                <thead>
                  <tr>
                    <th scope="col">When</th>
                    <th scope="col">Who</th>
                    <th scope="col">What</th>
                    <th scope="col">From, and to</th>
                  </tr>
                </thead>
                <tbody>
                  {list.map((change) => (
                    <tr key={JSON.stringify(change)}>
                      <td data-label="When" class="nowrap">
                        {formatMoment(change.at)}
                      </td>
                      <td data-label="Who">
                        {change.actor}{' '}
                        <span class="quiet small">
                          {[DOORS.get(change.door) ?? change.door, change.token, change.origin]
                            .filter(Boolean)
                            .join(', ')}
                        </span>
                      </td>
                      <td data-label="What">
                        {change.kind} {change.name} {change.before === null ? <Badge>added</Badge> : null}
                        {change.after === null ? <Badge kind="bad">removed</Badge> : null}
                      </td>
                      <td data-label="From, and to">
                        <details>
                          <summary>Show</summary>
                          {change.before === null ? null : <pre>{JSON.stringify(change.before, null, 1)}</pre>}
                          {change.after === null ? null : <pre>{JSON.stringify(change.after, null, 1)}</pre>}
                        </details>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Show>
        <More of={changes} />
      </Card>
    </>
  );
}
