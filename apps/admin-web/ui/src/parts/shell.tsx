import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Session } from '../../../src/schemas/session.ts';
import { call } from '../api.ts';
import { Link } from '../router.tsx';
import { chooseTheme, chosenTheme, type Theme } from '../theme.ts';

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
  readonly children: ComponentChildren;
}

/** What stands around every page: where one can go, who one is, and the way out. */
export function Shell({ path, session, onLeave, pages, other, children }: ShellProps) {
  const signOut = async () => {
    await call('DELETE', '/session');
    onLeave();
  };
  const current = pages.findLast((page) => path === page.path || path.startsWith(`${page.path.replace(/\/$/, '')}/`));
  return (
    <div class="shell">
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="side">
        <Link to={pages[0]?.path ?? '/'} class="brand">
          <img src="/icon.svg" alt="" />
          Postel
        </Link>
        <nav aria-label="Pages">
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
          <span class="name">{session.account ?? 'administrator'}</span>
          {other === null ? null : <Link to={other.path}>{other.title}</Link>}
          <ThemeSwitch />
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        </div>
      </header>
      <main id="content">{children}</main>
    </div>
  );
}

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const NAMES: Record<Theme, string> = { system: 'as the system', light: 'light', dark: 'dark' };

function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme());
  const change = () => {
    chooseTheme(NEXT[theme]);
    setTheme(NEXT[theme]);
  };
  return (
    <button type="button" class="plain" onClick={change}>
      Colours: {NAMES[theme]}
    </button>
  );
}
