import type { LimitedNetwork } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { formatMoment } from '../format.ts';
import { Card, Empty, Notice, PageHead, Show } from '../parts/basics.tsx';
import { useWork } from '../parts/dialog.tsx';
import { useData } from '../use-data.ts';

export function LimitsPage() {
  const networks = useData<LimitedNetwork[]>('/admin/login-limits');
  const { isBusy, error, work } = useWork();
  const clear = (network: string | null) =>
    work(async () => {
      await call('POST', '/admin/login-limits/clear', { body: { network } });
      networks.reload();
    });
  return (
    <>
      <PageHead
        title="Login limits"
        lead="From where too many logins have failed, so that nobody new gets in from there for a while."
      />
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <Card>
        <Show of={networks}>
          {(list) =>
            list.length === 0 ? (
              <Empty>Nobody is shut out.</Empty>
            ) : (
              <>
                <table class="cards">
                  <thead>
                    <tr>
                      <th scope="col">Network</th>
                      <th scope="col" class="number">
                        Failures
                      </th>
                      <th scope="col">Shut out until</th>
                      <th scope="col">
                        <span class="only-read">Actions</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {list.map(({ network, failures, refusedUntil }) => (
                      <tr key={network}>
                        <th scope="row" class="code">
                          {network}
                        </th>
                        <td data-label="Failures" class="number">
                          {failures}
                        </td>
                        <td data-label="Shut out until">{formatMoment(refusedUntil)}</td>
                        <td class="do">
                          <button
                            type="button"
                            disabled={isBusy}
                            onClick={() => clear(network)}
                            aria-label={`Let it try again: ${network}`}
                          >
                            Let it try again
                          </button>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
                <div class="actions">
                  <button type="button" disabled={isBusy} onClick={() => clear(null)}>
                    Let all try again
                  </button>
                </div>
              </>
            )
          }
        </Show>
      </Card>
    </>
  );
}
