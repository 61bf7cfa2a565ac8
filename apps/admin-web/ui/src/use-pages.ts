import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError, ask } from './api.ts';
import { t } from './texts/texts.ts';
import type { Loaded } from './use-data.ts';

/** A long list, as far as it was asked for. */
export interface LoadedPages<Row> extends Loaded<Row[]> {
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  more(): void;
}

interface State<Row> {
  readonly path: string;
  readonly rows: Row[];
  readonly next: string | null;
  readonly error: string | null;
}

const SEARCH_MS = 300;

/** @param search what is looked for; asked when nothing was typed for a moment */
export function usePages<Row>(path: string, search = ''): LoadedPages<Row> {
  const [asked, setAsked] = useState(search.trim());
  useEffect(() => {
    const timer = setTimeout(() => setAsked(search.trim()), SEARCH_MS);
    return () => clearTimeout(timer);
  }, [search]);
  const first = asked === '' ? path : `${path}?search=${encodeURIComponent(asked)}`;
  const [state, setState] = useState<State<Row>>({ path: '', rows: [], next: null, error: null });
  const [wanted, setWanted] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    setWanted(null);
    const abort = new AbortController();
    ask<Row[]>(first, abort.signal).then(
      ({ data, next }) => setState({ path: first, rows: data, next, error: null }),
      (error: unknown) => {
        if (!abort.signal.aborted) setState({ path: first, rows: [], next: null, error: wordsOf(error) });
      },
    );
    return () => abort.abort();
  }, [first, round]);
  useEffect(() => {
    if (wanted === null) return;
    const abort = new AbortController();
    ask<Row[]>(wanted, abort.signal).then(
      ({ data, next }) => {
        setState((before) => (before.path === first ? { ...before, rows: [...before.rows, ...data], next } : before));
        setWanted(null);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setState((before) => ({ ...before, error: wordsOf(error) }));
        setWanted(null);
      },
    );
    return () => abort.abort();
  }, [wanted]);
  const isKnown = state.path !== '';
  return {
    data: isKnown && state.error === null ? state.rows : null,
    etag: null,
    error: state.error,
    reload,
    hasMore: state.next !== null,
    isLoadingMore: wanted !== null,
    more: () => setWanted(state.next),
  };
}

function wordsOf(error: unknown): string {
  return error instanceof ApiError ? error.message : t.parts.failedInPage;
}
