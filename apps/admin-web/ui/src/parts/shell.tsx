import type { ComponentChildren } from 'preact';
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
  const current = pages.findLast((page) => path === page.path || path.startsWith(`${page.path.replace(/\/$/, '')}/`));
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
      </header>
      <main id="content">{children}</main>
    </div>
  );
}
