import { expect, test } from 'vitest';
import { announceLoop, followLoops, HEARTBEAT_ROOM, newLoop, wishIn } from '../../src/base/worker-loops.ts';

function ear() {
  const heard: unknown[] = [];
  const joined = (thread: number, { byteLength }: SharedArrayBuffer): void => void heard.push(['joined', thread, byteLength]);
  return { heard, follower: { joined, left: (thread: number) => void heard.push(['left', thread]) } };
}

test('a follower hears of the loops that are there, of each that comes and of each that goes', () => {
  const leave = announceLoop(7, newLoop());
  const { heard, follower } = ear();
  const end = followLoops({ threshold: 100, heartbeat: 25 }, follower);
  expect(heard).toEqual([['joined', 7, HEARTBEAT_ROOM]]);
  const leaveToo = announceLoop(8, newLoop());
  leave();
  leave();
  expect(heard.slice(1)).toEqual([
    ['joined', 8, HEARTBEAT_ROOM],
    ['left', 7],
  ]);
  end();
  leaveToo();
  expect(heard).toHaveLength(3);
});

test('a worker sees the least that anybody wants, while somebody wants anything', () => {
  const words = new Int32Array(newLoop().wish);
  expect(wishIn(words)).toBeNull();
  const { follower } = ear();
  const end = followLoops({ threshold: 100, heartbeat: 25 }, follower);
  const endToo = followLoops({ threshold: 50, heartbeat: 12.5 }, ear().follower);
  expect(wishIn(words)).toEqual({ threshold: 50, heartbeat: 12 });
  endToo();
  expect(wishIn(words)).toEqual({ threshold: 100, heartbeat: 25 });
  end();
  end();
  expect(wishIn(words)).toBeNull();
});

test('workers that were started before see it too: it is the same memory', () => {
  const [early, late] = [newLoop(), newLoop()];
  expect(early.wish).toBe(late.wish);
  expect(early.heartbeat).not.toBe(late.heartbeat);
});
