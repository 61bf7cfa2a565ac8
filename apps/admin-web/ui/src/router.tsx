import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const changes = new Set<() => void>();

export function goTo(path: string): void {
  if (path !== location.pathname) history.pushState(null, '', path);
  for (const change of changes) change();
  window.scrollTo(0, 0);
}

/** The path of the page, and again with each new one. */
export function usePath(): string {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const change = () => setPath(location.pathname);
    changes.add(change);
    window.addEventListener('popstate', change);
    return () => {
      changes.delete(change);
      window.removeEventListener('popstate', change);
    };
  }, []);
  return path;
}

interface LinkProps {
  readonly to: string;
  readonly isCurrent?: boolean;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** Leads to another page of ours, in this one. */
export function Link({ to, isCurrent = false, class: name, children }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <a href={to} onClick={follow} class={name} aria-current={isCurrent ? 'page' : undefined}>
      {children}
    </a>
  );
}
