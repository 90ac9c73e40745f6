import { expect, it } from 'vitest';
import { ActorCallbacks } from '../../src/executors/actor-callbacks.ts';
import { registerClass } from '../../src/wire/class-registry.ts';
import { LoopCallbacks } from '../../workers/actor-callbacks.ts';
import { endpoints } from '../support/actor-pair.ts';

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}
registerClass('actor-callbacks.Point', Point);

it('a stand-in is a promise of what the function in the loop gives, instances of registered classes included', async () => {
  const [near, far] = endpoints();
  const callbacks = new ActorCallbacks(near);
  const loop = new LoopCallbacks(far);
  const twice = loop.standIn(callbacks.numberOf((p: Point) => new Point(p.x * 2)));
  const sum = loop.standIn(callbacks.numberOf((a: number, b: number) => a + b));
  const results = await Promise.all([twice(new Point(4)), sum(1, 2)]);
  expect(results).toEqual([new Point(8), 3]);
  expect(results[0]).toBeInstanceOf(Point);
});
