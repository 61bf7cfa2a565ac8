import type { LimitedNetwork } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { formatMoment } from '../format.ts';
import { useWork } from '../parts/dialog.tsx';
import { ListPage } from '../parts/list.tsx';
import { useData } from '../use-data.ts';

export function LimitsPage() {
  const networks = useData<LimitedNetwork[]>('/admin/login-limits');
  const { isBusy, error, work } = useWork();
  const clear = (network: string | null) =>
    work(async () => {
      await call('POST', '/admin/login-limits/clear', { body: { network } });
      networks.reload();
    });
  const isEmpty = networks.data === null || networks.data.length === 0;
  return (
    <ListPage
      title="Login limits"
      lead="From where too many logins have failed, so that nobody new gets in from there for a while."
      head={
        isEmpty ? null : (
          <button type="button" disabled={isBusy} onClick={() => clear(null)}>
            Let all try again
          </button>
        )
      }
      error={error}
      of={networks}
      empty="Nobody is shut out."
      keyOf={({ network }) => network}
      columns={[
        { title: 'Network', kind: 'name', show: ({ network }) => <span class="code">{network}</span> },
        { title: 'Failures', kind: 'number', show: ({ failures }) => failures },
        { title: 'Shut out until', show: ({ refusedUntil }) => formatMoment(refusedUntil) },
      ]}
      actions={({ network }) => (
        <button
          type="button"
          disabled={isBusy}
          onClick={() => clear(network)}
          aria-label={`Let it try again: ${network}`}
        >
          Let it try again
        </button>
      )}
    />
  );
}
