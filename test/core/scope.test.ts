import fc from 'fast-check';
import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { adoptRoot, ambient, here, liveAncestor, Scope, ScopeMember } from '../../src/core/scope.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';

class Probe extends ScopeMember {
  readonly heard: CancelledError[] = [];

  override onCancel(error: CancelledError): void {
    this.heard.push(error);
  }
}

function probeIn(scope: Scope): Probe {
  const probe = new Probe();
  scope.link(probe);
  return probe;
}

const reason = (text = 'why'): CancelledError => new CancelledError({ source: 'explicit', reason: text });
const root = (): Scope => new Scope(null, new Runtime({ clock: new MockClock() }));

function membersOf(scope: Scope): ScopeMember[] {
  const members: ScopeMember[] = [];
  for (let m = scope.first; m !== null; m = m.after) members.push(m);
  return members;
}

describe('the list of a scope', () => {
  it('keeps what is linked in order, and lets go of any of it', () => {
    const scope = root();
    const [a, b, c] = [probeIn(scope), probeIn(scope), probeIn(scope)];
    expect(membersOf(scope)).toEqual([a, b, c]);
    scope.unlink(b);
    expect(membersOf(scope)).toEqual([a, c]);
    scope.unlink(c);
    scope.link(b);
    scope.unlink(a);
    expect(membersOf(scope)).toEqual([b]);
    scope.unlink(b);
    expect([scope.first, scope.last, b.holder, b.before, b.after]).toEqual([null, null, null, null, null]);
  });
});

describe('cancelling', () => {
  it('wakes whoever is parked here and below, in order, and unlinks them first', () => {
    const top = root();
    const child = new Scope(top, top.runtime);
    const woken: string[] = [];
    const named = (scope: Scope, name: string): void => {
      const probe = probeIn(scope);
      probe.onCancel = () => woken.push(`${name} ${probe.holder === null ? 'unlinked' : 'linked'}`);
    };
    named(top, 'a');
    named(child, 'b');
    named(new Scope(child, top.runtime), 'c');
    named(top, 'd');
    top.cancelWith(reason());
    expect(woken).toEqual(['b unlinked', 'c unlinked', 'a unlinked', 'd unlinked']);
  });

  it('tells the first reason, once; a second cancel changes nothing (CS-01)', () => {
    const scope = root();
    const first = reason('first');
    const probe = probeIn(scope);
    expect([scope.cancelWith(first), scope.cancelWith(reason('second'))]).toEqual([true, false]);
    expect([scope.own, scope.effective, probe.heard]).toEqual([first, first, [first]]);
  });

  it('has put every scope into its final state before anybody wakes', () => {
    const top = root();
    const children = [1, 2, 3].map(() => new Scope(top, top.runtime));
    const seen: boolean[] = [];
    for (const child of children) probeIn(child).onCancel = () => seen.push(children.every((c) => c.effective !== null));
    top.cancelWith(reason());
    expect(seen).toEqual([true, true, true]);
  });

  it('a waiter that another one has released meanwhile is not told', () => {
    const scope = root();
    const granted = new Probe();
    probeIn(scope).onCancel = () => scope.unlink(granted);
    scope.link(granted);
    scope.cancelWith(reason());
    expect(granted.heard).toEqual([]);
  });

  it('a waiter whose scope is shielded by the one woken before is left parked', () => {
    const top = root();
    const first = probeIn(top);
    const child = new Scope(top, top.runtime);
    first.onCancel = () => child.setShield(true);
    const parked = probeIn(child);
    top.cancelWith(reason());
    expect([parked.heard, child.effective, parked.holder]).toEqual([[], null, child]);
  });

  it('a scope that is entered later takes over the cancellation', () => {
    const top = root();
    top.cancelWith(reason());
    expect(new Scope(top, top.runtime).effective).toBe(top.own);
    const shielded = new Scope(null, top.runtime);
    shielded.shielded = true;
    shielded.enter(top);
    expect(shielded.effective).toBeNull();
  });

  it('of a scope that was left does nothing', () => {
    const scope = new Scope(root(), new Runtime());
    scope.leave();
    expect([scope.cancelWith(reason()), scope.own]).toEqual([false, null]);
  });

  it('of 5,000 nested scopes does not overflow the stack (CS-31)', () => {
    const top = root();
    let deepest = top;
    for (let i = 0; i < 5_000; i++) deepest = new Scope(deepest, top.runtime);
    const probe = probeIn(deepest);
    top.cancelWith(reason());
    expect(probe.heard).toEqual([top.own]);
    for (let s: Scope = deepest; s !== top; s = s.parent!) s.leave();
    expect(top.first).toBeNull();
  });
});

describe('shielding', () => {
  it('keeps the outer cancellation out, not its own nor those inside, and can be lifted and raised again (CS-07)', () => {
    const top = root();
    const shielded = new Scope(top, top.runtime);
    shielded.setShield(true);
    const inner = new Scope(shielded, top.runtime);
    const parked = probeIn(inner);
    top.cancelWith(reason('outer'));
    expect([shielded.effective, inner.effective, parked.heard]).toEqual([null, null, []]);
    shielded.setShield(false);
    expect([shielded.effective, inner.effective, parked.heard]).toEqual([top.own, top.own, [top.own]]);
    shielded.setShield(true);
    expect([shielded.effective, inner.effective]).toEqual([null, null]);
    inner.cancelWith(reason('inner'));
    expect([shielded.effective, inner.effective]).toEqual([null, inner.own]);
  });

  it('raised over a scope that is cancelled itself leaves it cancelled', () => {
    const top = root();
    const scope = new Scope(top, top.runtime);
    top.cancelWith(reason('outer'));
    scope.cancelWith(reason('own'));
    expect(scope.effective).toBe(top.own);
    scope.setShield(true);
    expect(scope.effective).toBe(scope.own);
  });
});

describe('a scope swallows a CancelledError', () => {
  it('when it is cancelled and nothing visible around it is (CS-05)', () => {
    const top = root();
    const inner = new Scope(top, top.runtime);
    expect(inner.absorbs).toBe(false);
    inner.cancelWith(reason());
    expect(inner.absorbs).toBe(true);
    top.cancelWith(reason());
    expect(inner.absorbs).toBe(false);
    inner.setShield(true);
    expect(inner.absorbs).toBe(true);
  });
});

describe('leaving', () => {
  it('moves what is still linked up, so that it stays cancellable', () => {
    const top = root();
    const middle = new Scope(top, top.runtime);
    const child = new Scope(middle, top.runtime);
    const parked = probeIn(middle);
    middle.leave();
    middle.leave();
    expect([child.parent, membersOf(top)]).toEqual([top, [child, parked]]);
    top.cancelWith(reason());
    expect([child.effective, parked.heard]).toEqual([top.own, [top.own]]);
  });

  it('a shield, inside a cancelled scope, exposes what was left behind in it', () => {
    const top = root();
    const shielded = new Scope(top, top.runtime);
    shielded.setShield(true);
    const child = new Scope(shielded, top.runtime);
    const parked = [probeIn(shielded), probeIn(child)];
    const listener = new Scope(child, top.runtime);
    const { signal } = listener;
    top.cancelWith(reason());
    shielded.leave();
    expect(parked.map((p) => p.heard)).toEqual([[top.own], [top.own]]);
    expect([child.effective, signal.aborted, membersOf(child)]).toEqual([top.own, true, [listener]]);
  });

  it('a cancelled scope leaves what stays behind cancelled', () => {
    const top = root();
    const scope = new Scope(top, top.runtime);
    const child = new Scope(scope, top.runtime);
    scope.cancelWith(reason());
    scope.leave();
    child.setShield(true);
    child.setShield(false);
    expect([child.parent, child.effective]).toEqual([top, scope.own]);
  });

  it('entering below a scope that was left means its nearest living ancestor', () => {
    const top = root();
    const a = new Scope(top, top.runtime);
    const b = new Scope(a, top.runtime);
    b.leave();
    a.leave();
    expect([liveAncestor(b), new Scope(b, top.runtime).parent]).toEqual([top, top]);
  });

  it('disarms the deadline', async () => {
    const clock = new MockClock();
    const top = new Scope(null, new Runtime({ clock }));
    const scope = new Scope(top, top.runtime);
    scope.setDeadline(10);
    scope.leave();
    await clock.jump(20);
    expect(scope.own).toBeNull();
  });
});

describe('a deadline', () => {
  it('cancels when its time has come, and can be moved and taken away', async () => {
    const clock = new MockClock();
    const runtime = new Runtime({ clock });
    const [past, moved, removed, kept] = [1, 2, 3, 4].map(() => new Scope(null, runtime)) as [Scope, Scope, Scope, Scope];
    past.setDeadline(0);
    expect(past.own?.source).toBe('deadline');
    moved.setDeadline(5);
    moved.setDeadline(15);
    removed.setDeadline(5);
    removed.setDeadline(Infinity);
    kept.setDeadline(10);
    expect([moved.deadline, removed.deadline, new Scope(null, runtime).deadline]).toEqual([15, Infinity, Infinity]);
    await clock.jump(10);
    expect([moved, removed, kept].map((s) => s.own?.source)).toEqual([undefined, undefined, 'deadline']);
    await clock.jump(10);
    expect([moved, removed].map((s) => s.own?.source)).toEqual(['deadline', undefined]);
  });
});

describe('the signal of a scope', () => {
  it('is made once, on first read, and aborted with the reason, also from outside', () => {
    const top = root();
    const scope = new Scope(top, top.runtime);
    expect(scope.controller).toBeNull();
    const { signal } = scope;
    expect([scope.signal, signal.aborted]).toEqual([signal, false]);
    top.cancelWith(reason());
    expect([signal.aborted, signal.reason]).toEqual([true, top.own]);
  });

  it('read after the cancel is aborted already', () => {
    const scope = root();
    scope.cancelWith(reason());
    expect([scope.signal.aborted, scope.signal.reason]).toEqual([true, scope.own]);
  });

  it('that was handed out before the scope was entered is aborted on entering a cancelled one', () => {
    const top = root();
    top.cancelWith(reason());
    const scope = new Scope(null, top.runtime);
    const { signal } = scope;
    scope.enter(top);
    expect([signal.aborted, signal.reason]).toEqual([true, top.own]);
  });

  it('a listener may cancel, shield and leave other scopes', () => {
    const top = root();
    const [a, b, c] = [new Scope(top, top.runtime), new Scope(top, top.runtime), new Scope(top, top.runtime)];
    const heard: string[] = [];
    for (const [name, s] of Object.entries({ a, b, c })) s.signal.addEventListener('abort', () => heard.push(name));
    a.signal.addEventListener('abort', () => {
      b.setShield(true);
      c.leave();
      top.cancelWith(reason('again'));
    });
    top.cancelWith(reason());
    expect(heard).toContain('a');
    expect([b.effective, b.signal.aborted]).toEqual([null, false]);
  });
});

describe('the ambient scope', () => {
  it('is that of the surrounding block, else the root of the active run, else a root that is never cancelled', () => {
    const detached = here();
    const top = root();
    const restore = adoptRoot(top);
    expect(here()).toBe(top);
    const inner = new Scope(top, top.runtime);
    ambient.run(inner, () => expect(here()).toBe(inner));
    inner.leave();
    ambient.run(inner, () => expect(here()).toBe(top));
    restore();
    expect(here()).toBe(detached);
  });

  it('falls back to the living root when two runs end in the order in which they began', () => {
    const detached = here();
    const [a, b] = [root(), root()];
    const restoreA = adoptRoot(a);
    const restoreB = adoptRoot(b);
    a.leave();
    restoreA();
    expect(here()).toBe(b);
    b.leave();
    restoreB();
    expect(here()).toBe(detached);
  });

  it('is shared by all copies of the package in the process', async () => {
    vi.resetModules();
    const copy = await import('../../src/core/scope.ts');
    expect(copy.Scope).not.toBe(Scope);
    expect(copy.ambient).toBe(ambient);
    const top = root();
    const foreign = ambient.run(top, () => new copy.Scope(copy.here() as never, copy.here().runtime));
    top.cancelWith(reason());
    expect(foreign.effective).toBe(top.own);
  });
});

it('prints as one short line', () => {
  const scope = root();
  expect(inspect({ scope })).toBe('{ scope: <Scope> }');
  scope.cancelWith(reason());
  expect(inspect({ scope })).toBe('{ scope: <Scope cancelled> }');
});

describe('after any sequence of nesting, cancelling, shielding, parking and leaving', () => {
  /** The whole truth, recomputed from scratch. */
  interface Model {
    scope: Scope;
    parent: Model | null;
    own: CancelledError | null;
    shielded: boolean;
    left: boolean;
    parked: Probe[];
  }

  const reasonsOf = (m: Model): CancelledError[] => {
    const reasons = m.own === null ? [] : [m.own];
    return m.shielded || m.parent === null ? reasons : [...reasons, ...reasonsOf(m.parent)];
  };

  const step = fc.record({
    kind: fc.constantFrom('nest', 'nest', 'nest', 'park', 'park', 'cancel', 'shield', 'unshield', 'leave', 'signal'),
    at: fc.nat({ max: 1_000 }),
  });

  function apply(models: Model[], kind: string, at: number): void {
    const live = models.filter((m) => !m.left);
    const m = live[at % live.length]!;
    if (kind === 'nest') models.push({ scope: new Scope(m.scope, m.scope.runtime), parent: m, own: null, shielded: false, left: false, parked: [] }); // prettier-ignore
    if (kind === 'park' && reasonsOf(m).length === 0) m.parked.push(probeIn(m.scope));
    if (kind === 'cancel') {
      const error = reason(String(models.length));
      if (m.scope.cancelWith(error)) m.own = error;
    }
    if (kind === 'signal') void m.scope.signal;
    if (kind === 'shield' || kind === 'unshield') {
      m.shielded = kind === 'shield';
      m.scope.setShield(m.shielded);
    }
    if (kind === 'leave' && m.parent !== null) leave(models, m);
  }

  function leave(models: Model[], m: Model): void {
    const orphans = models.filter((c) => c.parent === m && !c.left);
    for (const orphan of orphans) {
      if (!orphan.shielded) orphan.own ??= reasonsOf(m)[0] ?? null; // work that was cancelled stays cancelled
      orphan.parent = m.parent;
    }
    m.parent!.parked.push(...m.parked);
    m.parked = [];
    m.left = true;
    m.scope.leave();
  }

  function check(models: Model[], aborted: Map<Model, boolean>): void {
    for (const m of models.filter((x) => !x.left)) {
      const reasons = reasonsOf(m);
      if (reasons.length === 0) expect(m.scope.effective).toBeNull();
      else expect(reasons).toContain(m.scope.effective);
      expect(m.scope.absorbs).toBe(m.own !== null && (m.shielded || m.parent === null || reasonsOf(m.parent).length === 0));
      const stillParked = m.parked.filter((p) => p.heard.length === 0);
      expect(reasons.length > 0 && stillParked.length > 0).toBe(false);
      for (const p of m.parked) expect([p.heard.length, p.holder === m.scope]).toEqual(p.heard.length === 0 ? [0, true] : [1, false]);
      if (m.scope.controller !== null) {
        aborted.set(m, aborted.get(m) === true || reasons.length > 0);
        expect(m.scope.controller.signal.aborted).toBe(aborted.get(m));
      }
    }
  }

  it('what is effective equals a naive recomputation, and nobody stays parked in a cancelled scope', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const models: Model[] = [{ scope: root(), parent: null, own: null, shielded: false, left: false, parked: [] }];
        const aborted = new Map<Model, boolean>();
        for (const { kind, at } of steps) {
          apply(models, kind, at);
          check(models, aborted);
        }
      }),
      { numRuns: 500 },
    );
  });
});
