/**
 * What is alive in this process, by kind and name: instruments read other floors only through this and `statistics()`, so
 * they work with whatever is loaded. Shared by all copies of the package.
 */
export interface Live {
  statistics(): object;
}

const key: unique symbol = Symbol.for('offloop.live.v1') as never;
type Table = Map<string, Map<Live, string>>;
const table: Table = ((globalThis as { [key]?: Table })[key] ??= new Map<string, Map<Live, string>>());

export function register(kind: string, name: string, object: Live): void {
  let objects = table.get(kind);
  if (objects === undefined) table.set(kind, (objects = new Map<Live, string>()));
  objects.set(object, name);
}

export function unregister(kind: string, object: Live): void {
  for (const tell of leaving) tell(kind);
  table.get(kind)?.delete(object);
}

export function isAlive(kind: string, name: string): boolean {
  return [...(table.get(kind)?.values() ?? [])].includes(name);
}

const leaving = new Set<(kind: string) => void>();

/** Hears that one is about to leave, while its statistics can still be read. The result ends that. */
export function onUnregister(listener: (kind: string) => void): () => void {
  leaving.add(listener);
  return () => void leaving.delete(listener);
}

/** Statistics of all that are alive; equal names are numbered. */
export function statisticsOf(kind: string): Record<string, object> {
  const all: Record<string, object> = {};
  for (const [object, name] of table.get(kind) ?? []) {
    let unique = name;
    for (let n = 2; Object.hasOwn(all, unique); n++) unique = `${name} (${n})`;
    all[unique] = object.statistics();
  }
  return all;
}

/** All that are alive, with their names, which need not differ. */
export function living(kind: string): readonly (readonly [object: Live, name: string])[] {
  return [...(table.get(kind) ?? [])];
}
