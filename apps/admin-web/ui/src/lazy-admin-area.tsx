import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Loading } from './parts/basics.tsx';
import type { AreaProps } from './parts/shell.tsx';
import { t } from './texts/texts.ts';

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
          <p>{t.parts.gone}</p>
          <button type="button" onClick={() => location.reload()}>
            {t.parts.loadAnew}
          </button>
        </div>
      ) : (
        <Loading />
      )}
    </div>
  );
}
