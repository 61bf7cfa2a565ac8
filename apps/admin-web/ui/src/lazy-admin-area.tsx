import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { AreaProps } from './parts/shell.tsx';

/** Loaded when somebody needs it: most people never do. */
export function LazyAdminArea(props: AreaProps) {
  const [area, setArea] = useState<{ readonly Area: ComponentType<AreaProps> } | null>(null);
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    import('./admin/admin-area.tsx').then(
      ({ AdminArea }) => setArea({ Area: AdminArea }),
      () => setMissing(true),
    );
  }, []);
  if (area !== null) return <area.Area {...props} />;
  return (
    <div class="alone">
      {isMissing ? (
        <div class="stack">
          <p>The server does not answer, or was renewed.</p>
          <button type="button" onClick={() => location.reload()}>
            Load the page anew
          </button>
        </div>
      ) : (
        <div class="loading" role="status">
          <span class="spinner" aria-hidden="true" />
          Loading …
        </div>
      )}
    </div>
  );
}
