/** Dark or light as the system says, until the button says otherwise. Nothing is stored: a file may not be allowed to. */

const dark = window.matchMedia('(prefers-color-scheme: dark)');

export function theme(button: HTMLElement, changed: () => void): void {
  const root = document.documentElement;
  const isDark = (): boolean => (root.dataset['theme'] === undefined ? dark.matches : root.dataset['theme'] === 'dark');
  const name = (): void => {
    const next = isDark() ? 'Light' : 'Dark';
    button.textContent = next;
    button.setAttribute('aria-label', `${next} colours`);
  };
  button.addEventListener('click', () => {
    root.dataset['theme'] = isDark() ? 'light' : 'dark';
    name();
    changed();
  });
  dark.addEventListener('change', () => {
    name();
    changed();
  });
  name();
}
