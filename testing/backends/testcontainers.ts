/**
 * The import site of testcontainers, and what is used of it. Its own types would make every user of
 * this package install it.
 *
 * @module
 */

import { loadPackage } from "./packages.ts";

/** Loads it. Takes a third of a second. */
export async function loadTestcontainers(): Promise<Testcontainers> {
  // @ts-ignore: an optional peer, whose types the project does not depend on
  const load = () => import("testcontainers");
  const module = await loadPackage<
    Testcontainers & { default?: Testcontainers }
  >(
    "testcontainers",
    load,
  );
  return module.default ?? module;
}

export type ExposedPort = number | {
  readonly container: number;
  readonly host: number;
};

/** What is used of testcontainers. */
export interface Testcontainers {
  readonly GenericContainer: new (image: string) => Container;
  readonly Wait: { forLogMessage(message: string): unknown };
  readonly ImageName: { fromString(name: string): unknown };
  getContainerRuntimeClient(): Promise<Engine>;
}

export interface Engine {
  readonly image: {
    exists(name: unknown): Promise<boolean>;
    pull(name: unknown): Promise<void>;
  };
  readonly container: {
    readonly dockerode: Dockerode;
    getById(
      id: string,
    ): { wait(options: { readonly condition: "removed" }): Promise<unknown> };
  };
}

export interface Dockerode {
  buildImage(
    files: { readonly context: string; readonly src: readonly string[] },
    options: Readonly<Record<string, unknown>>,
  ): Promise<unknown>;
  readonly modem: {
    followProgress(
      output: unknown,
      finished: (
        error: Error | null,
        messages: readonly { readonly error?: string }[],
      ) => void,
    ): void;
  };
}

export interface Container {
  hostConfig: { AutoRemove?: boolean };
  beforeContainerCreated?(): Promise<void>;
  withLabels(labels: Readonly<Record<string, string>>): Container;
  withEnvironment(variables: Readonly<Record<string, string>>): Container;
  withExposedPorts(...ports: readonly ExposedPort[]): Container;
  withWaitStrategy(strategy: unknown): Container;
  withStartupTimeout(ms: number): Container;
  withAutoCleanup(isOn: boolean): Container;
  withReuse(): Container;
  start(): Promise<StartedContainer>;
}

export interface StartedContainer {
  getId(): string;
  getHost(): string;
  getMappedPort(port: number): number;
  stop(
    options: { readonly timeout: number; readonly remove: boolean },
  ): Promise<unknown>;
}
