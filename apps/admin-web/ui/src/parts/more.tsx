import { t } from '../texts/texts.ts';
import type { LoadedPages } from '../use-pages.ts';

/** The way to the rest of a long list. */
export function More({ of: { hasMore, isLoadingMore, more } }: { readonly of: LoadedPages<unknown> }) {
  if (!hasMore) return null;
  return (
    <div class="actions">
      <button type="button" onClick={more} disabled={isLoadingMore}>
        {isLoadingMore ? <span class="spinner" aria-hidden="true" /> : null}
        {t.parts.showMore}
      </button>
    </div>
  );
}
