// Fargate pulls a job's image with the execution role's permissions; this asks whether they suffice.

import type { Environment, Gateway, Origin, Permission, RoleSession } from "../../service.ts";

/** The role may not pull the image; the message is what the task's status shows. */
export class ImagePullRefused extends Error {
  override readonly name = "ImagePullRefused";
  /** Whether the container, not only the task, carries the reason. */
  readonly isContainers: boolean;

  constructor(message: string, of: { isContainers: boolean; cause: unknown }) {
    super(message, { cause: of.cause });
    this.isContainers = of.isContainers;
  }
}

const privateImage = /^(?<account>\d{12})\.dkr\.ecr\.(?<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/(?<repository>[^:@]+)(?:[:@].+)?$/;

/** The repository ARN of an image in a private ECR registry; `undefined` for any other image. */
export function repositoryArn(image: string): string | undefined {
  const groups = privateImage.exec(image)?.groups;
  return groups && `arn:aws:ecr:${groups["region"]}:${groups["account"]}:repository/${groups["repository"]}`;
}

/**
 * Throws `ImagePullRefused`.
 *
 * Source: "Amazon ECS task execution IAM role", Amazon ECS Developer Guide (ECR permissions).
 */
export async function assertImagePull(
  image: string,
  of: { environment: Environment; gateway: Gateway; session: RoleSession; origin: Origin },
): Promise<void> {
  const repository = repositoryArn(image);
  if (repository === undefined) return;
  const allow = (permission: Permission) => of.gateway.authorize({ credentials: of.session, permission, origin: of.origin });
  try {
    await allow({ action: "ecr:GetAuthorizationToken", resource: "*" });
  } catch (cause) {
    throw new ImagePullRefused(
      `ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: AccessDeniedException: ${(cause as Error).message}`,
      { isContainers: false, cause },
    );
  }
  try {
    for (const action of ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]) await allow({ action, resource: repository });
  } catch (cause) {
    throw new ImagePullRefused(`CannotPullContainerError: pull image manifest has been retried 1 time(s): ${(cause as Error).message}`, {
      isContainers: true,
      cause,
    });
  }
}
