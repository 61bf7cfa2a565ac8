import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Session } from '../../../src/schemas/session.ts';
import { call } from '../api.ts';
import { Link } from '../router.tsx';
import { t } from '../texts/texts.ts';
import { LanguageSwitch, ThemeSwitch } from './switches.tsx';

export interface AreaProps {
  readonly path: string;
  readonly session: Session;
  readonly onLeave: () => void;
}

export interface Page {
  readonly path: string;
  readonly title: string;
}

interface ShellProps extends AreaProps {
  readonly pages: readonly Page[];
  readonly other: Page | null;
  /** All of its pages are in each language. */
  readonly hasLanguages?: boolean;
  readonly children: ComponentChildren;
}

/** What stands around every page: where one can go, who one is, and the way out. */
export function Shell({ path, session, onLeave, pages, other, hasLanguages = false, children }: ShellProps) {
  const signOut = async () => {
    await call('DELETE', '/session');
    onLeave();
  };
  // On a phone the pages are behind a button, until one is chosen.
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  const current = pages.find(
    (page) => path === page.path || (!page.path.endsWith('/') && path.startsWith(`${page.path}/`)),
  );
  return (
    <div class="shell">
      <a class="skip" href="#content">
        {t.page.skip}
      </a>
      <header class="side">
        <Link to={pages[0]?.path ?? '/'} class="brand">
          <img src="/icon.svg" alt="" />
          Postel
        </Link>
        <button type="button" class="menu" aria-expanded={isOpen} aria-controls="menu" onClick={() => setOpen(!isOpen)}>
          {t.page.menu}
        </button>
        <div id="menu" class={isOpen ? 'folded open' : 'folded'}>
          <nav aria-label={t.page.pages}>
            <ul>
              {pages.map((page) => (
                <li key={page.path}>
                  <Link to={page.path} isCurrent={page === current}>
                    {page.title}
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <div class="who">
            <span class="name">{session.account ?? t.page.administrator}</span>
            {other === null ? null : <Link to={other.path}>{other.title}</Link>}
            <ThemeSwitch />
            {hasLanguages ? <LanguageSwitch /> : null}
            <button type="button" onClick={signOut}>
              {t.page.signOut}
            </button>
          </div>
        </div>
      </header>
      <main id="content">{children}</main>
    </div>
  );
}
