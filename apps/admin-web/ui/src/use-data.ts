import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError, ask } from './api.ts';
import { t } from './texts/texts.ts';

/** What is at a path of the API, as far as it is known. What was known stays while it is asked for again. */
export interface Loaded<Data> {
  readonly data: Data | null;
  readonly etag: string | null;
  readonly error: string | null;
  reload(): void;
}

/** @param path null: nothing is asked */
export function useData<Data>(path: string | null): Loaded<Data> {
  const [state, setState] = useState<Omit<Loaded<Data>, 'reload'> & { readonly path: string | null }>({
    path: null,
    data: null,
    etag: null,
    error: null,
  });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    ask<Data>(path, abort.signal).then(
      ({ data, etag }) => setState({ path, data, etag, error: null }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const text = error instanceof ApiError ? error.message : t.parts.failedInPage;
        setState({ path, data: null, etag: null, error: text });
      },
    );
    return () => abort.abort();
  }, [path, round]);
  const isOther = state.path !== path;
  return {
    data: isOther ? null : state.data,
    etag: isOther ? null : state.etag,
    error: isOther ? null : state.error,
    reload,
  };
}
