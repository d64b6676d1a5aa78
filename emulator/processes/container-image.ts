// An image asset made runnable without a container engine: its files laid out once, then shared by every job that uses it.

import { cp, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve, sep } from "node:path";
import { containerProgram } from "./container-program.ts";
import { DockerfileRefused, type ImageRecipe, parseDockerfile } from "./dockerfile.ts";

export interface StagedImage {
  readonly recipe: ImageRecipe;
  /** The recipe's working directory, on this machine. */
  readonly workingFolder: string;
  /** An empty folder for `HOME`, so that no file of the person who runs the emulator is read. */
  readonly homeFolder: string;
}

/** Lays out each build context once and removes all of them on `stop`. */
export class ContainerImages {
  readonly #staged = new Map<string, Promise<StagedImage>>();
  #root: Promise<string> | undefined;

  /**
   * The runnable form of a build context. Throws `DockerfileRefused`.
   * Not modelled: a file system of its own (jobs of one image share these files), users, read-only roots.
   */
  stage(context: string): Promise<StagedImage> {
    const staged = this.#staged.get(context) ?? this.#stage(context, this.#staged.size);
    this.#staged.set(context, staged);
    return staged;
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#staged.values());
    if (this.#root !== undefined) await rm(await this.#root, { recursive: true, force: true });
  }

  async #stage(context: string, index: number): Promise<StagedImage> {
    const recipe = parseDockerfile(await readFile(join(context, "Dockerfile"), "utf8"));
    assertRunnable(recipe);
    this.#root ??= mkdtemp(join(tmpdir(), "keyturn-images-"));
    const image = join(await this.#root, String(index));
    const inImage = (path: string): string => join(image, "root", path);
    const homeFolder = join(image, "home");
    const workingFolder = inImage(recipe.workingDirectory);
    await mkdir(homeFolder, { recursive: true });
    await mkdir(workingFolder, { recursive: true });
    for (const { sources, destination } of recipe.copies) {
      for (const source of sources) await copy(sourcePath(context, source), inImage(destination), destination.endsWith("/"));
    }
    return { recipe, workingFolder, homeFolder };
  }
}

function assertRunnable({ entryPoint, command }: ImageRecipe): void {
  const words = entryPoint.length > 0 ? entryPoint : command;
  // An image may leave the program to the job's command.
  if (words.length > 0 && containerProgram(words) === undefined) {
    throw new DockerfileRefused(
      `The image starts ${words.join(" ")}; without a container engine only node can be started, by itself or after env -u NAME.`,
    );
  }
  const rooted = words.find((word) => word.startsWith("/"));
  if (rooted !== undefined) {
    throw new DockerfileRefused(`The image starts ${rooted}; without a container engine use a path relative to WORKDIR.`);
  }
}

function sourcePath(context: string, source: string): string {
  if (/[*?[]/.test(source)) throw new DockerfileRefused(`COPY ${source}: wildcards are not modelled.`);
  const path = resolve(context, `./${source}`);
  if (path !== resolve(context) && !path.startsWith(resolve(context) + sep)) {
    throw new DockerfileRefused(`COPY ${source}: the path is outside the build context.`);
  }
  return path;
}

/** As Docker: a folder's contents are copied into the destination, a file into it or under its name. */
async function copy(source: string, destination: string, isFolder: boolean): Promise<void> {
  const isFile = (await stat(source)).isFile();
  await cp(source, isFile && isFolder ? join(destination, basename(source)) : destination, { recursive: true });
}
