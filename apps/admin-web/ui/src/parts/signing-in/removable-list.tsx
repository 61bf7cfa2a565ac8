import { call } from '../../api.ts';
import { formatAgo } from '../../format.ts';
import { t } from '../../texts/texts.ts';
import type { Loaded } from '../../use-data.ts';
import { Notice, Show } from '../basics.tsx';
import { useWork } from '../dialog.tsx';

interface Removable {
  readonly id: string;
  readonly name: string;
  readonly lastUsedAt: string | null;
}

interface RemovableListProps<One extends Removable> {
  readonly of: Loaded<readonly One[]>;
  /** Under which of the API's paths each has its own. */
  readonly path: string;
  /** What is said of each beside its last use. */
  readonly about?: (one: One) => string;
}

/** What somebody signs in by, each with a button by which it goes. */
export function RemovableList<One extends Removable>({ of, path, about }: RemovableListProps<One>) {
  const { error, work } = useWork();
  const remove = (id: string) =>
    work(async () => {
      await call('DELETE', `${path}/${id}`);
      of.reload();
    });
  return (
    <>
      <Show of={of}>
        {(list) => (
          <>
            {list.map((one) => (
              <div class="head" key={one.id}>
                <span>
                  {one.name}{' '}
                  <span class="quiet small">
                    {about === undefined ? null : `${about(one)}; `}
                    {t.signingIn.lastUsed(formatAgo(one.lastUsedAt))}
                  </span>
                </span>
                <button
                  type="button"
                  class="bad"
                  onClick={() => remove(one.id)}
                  aria-label={t.parts.removeOne(one.name)}
                >
                  {t.parts.remove}
                </button>
              </div>
            ))}
          </>
        )}
      </Show>
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
    </>
  );
}
