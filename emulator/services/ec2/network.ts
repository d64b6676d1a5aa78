// The VPCs of the account: which addresses are taken, which endpoint carries a call to a service, and whether security groups let it through.

import type { PolicyDocument } from "../../../policy/document.ts";
import { AwsError } from "../../aws-error.ts";
import type { EndpointRoute, EndpointRoutes } from "../../gateway/identities.ts";
import { blockContains, freeAddress } from "./address.ts";

export interface Vpc {
  readonly id: string;
  readonly cidr: string;
  readonly defaultGroupId: string;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly cidr: string;
  readonly zone: string;
  routeTableId?: string;
  readonly taken: Set<string>;
}

/** One permission of a security group: ports of a protocol, from or to one peer. */
export interface GroupRule {
  /** `tcp`, `udp`, `icmp` or `-1` for all. */
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  readonly peer: { readonly cidr: string } | { readonly groupId: string } | { readonly prefixListId: string };
}

export interface SecurityGroup {
  readonly id: string;
  readonly vpcId: string;
  readonly ingress: GroupRule[];
  readonly egress: GroupRule[];
}

export interface VpcEndpoint {
  readonly id: string;
  readonly vpcId: string;
  /** The service's name at the end of `com.amazonaws.us-east-1.sts`. */
  readonly serviceName: string;
  readonly kind: "Interface" | "Gateway";
  readonly policy?: PolicyDocument;
  readonly privateDns: boolean;
  readonly addresses: readonly string[];
  readonly groupIds: readonly string[];
  readonly routeTableIds: readonly string[];
}

/** A network interface that a process holds; `release` gives its address back. */
export interface AttachedInterface {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly ip: string;
  release(): void;
}

const httpsPort = 443;
const anywhere = { protocol: "-1", fromPort: 0, toPort: 65_535, peer: { cidr: "0.0.0.0/0" } } as const;

export class Network implements EndpointRoutes {
  readonly vpcs = new Map<string, Vpc>();
  readonly subnets = new Map<string, Subnet>();
  readonly groups = new Map<string, SecurityGroup>();
  readonly endpoints = new Map<string, VpcEndpoint>();
  /** Address → security groups, per VPC. */
  readonly #interfaces = new Map<string, readonly string[]>();

  addVpc(vpc: Vpc): void {
    this.vpcs.set(vpc.id, vpc);
    this.groups.set(vpc.defaultGroupId, {
      id: vpc.defaultGroupId,
      vpcId: vpc.id,
      ingress: [{ ...anywhere, peer: { groupId: vpc.defaultGroupId } }],
      egress: [anywhere],
    });
  }

  /** Takes a free address of the subnet. Without groups the interface is in the VPC's default group, as on AWS. */
  attach(subnetId: string, groupIds: readonly string[] = []): AttachedInterface {
    const subnet = this.subnetOf(subnetId);
    const ip = freeAddress(subnet.cidr, subnet.taken);
    if (ip === undefined)
      throw new AwsError("InsufficientFreeAddressesInSubnet", `Subnet ${subnetId} (${subnet.cidr}) has no free address.`);
    const groups = groupIds.length > 0 ? groupIds : [this.vpcOf(subnet.vpcId).defaultGroupId];
    for (const id of groups) this.groupOf(id);
    subnet.taken.add(ip);
    const key = interfaceKey(subnet.vpcId, ip);
    this.#interfaces.set(key, groups);
    return {
      vpcId: subnet.vpcId,
      subnetId,
      ip,
      release: () => {
        subnet.taken.delete(ip);
        this.#interfaces.delete(key);
      },
    };
  }

  route(from: { vpcId: string; subnetId: string; ip: string }, serviceName: string): EndpointRoute | { readonly unreachable: string } {
    const callerGroups = this.#interfaces.get(interfaceKey(from.vpcId, from.ip));
    if (callerGroups === undefined) return { unreachable: `no network interface in ${from.vpcId} has the address ${from.ip}` };
    const candidates = [...this.endpoints.values()].filter(
      (endpoint) => endpoint.vpcId === from.vpcId && endpoint.serviceName === serviceName,
    );
    const routeTableId = this.subnetOf(from.subnetId).routeTableId;
    const endpoint = candidates.find(({ kind, privateDns, routeTableIds }) =>
      kind === "Interface" ? privateDns : routeTableId !== undefined && routeTableIds.includes(routeTableId),
    );
    if (endpoint === undefined) return { unreachable: `${serviceName} has no endpoint in ${from.vpcId} that ${from.subnetId} uses` };
    const refusal = this.#refusal({ ip: from.ip, groupIds: callerGroups }, endpoint);
    if (refusal !== undefined) return { unreachable: refusal };
    return { vpcEndpointId: endpoint.id, ...(endpoint.policy && { policy: endpoint.policy }) };
  }

  vpcOf(id: string): Vpc {
    return found(this.vpcs.get(id), "InvalidVpcID.NotFound", `The vpc ID '${id}' does not exist`);
  }

  subnetOf(id: string): Subnet {
    return found(this.subnets.get(id), "InvalidSubnetID.NotFound", `The subnet ID '${id}' does not exist`);
  }

  groupOf(id: string): SecurityGroup {
    return found(this.groups.get(id), "InvalidGroup.NotFound", `The security group '${id}' does not exist`);
  }

  /** Why the security groups at either end stop HTTPS, if they do. */
  #refusal(caller: { ip: string; groupIds: readonly string[] }, endpoint: VpcEndpoint): string | undefined {
    const outward = caller.groupIds.flatMap((id) => this.groupOf(id).egress).filter(coversHttps);
    if (endpoint.kind === "Gateway") {
      const open = outward.some(({ peer }) => "prefixListId" in peer || ("cidr" in peer && peer.cidr === "0.0.0.0/0"));
      return open ? undefined : `the security groups of ${caller.ip} let nothing out to ${endpoint.id} (${endpoint.serviceName})`;
    }
    const out = outward.some(({ peer }) => reaches(peer, endpoint.groupIds, endpoint.addresses));
    if (!out) return `the security groups of ${caller.ip} let nothing out to ${endpoint.id} (${endpoint.serviceName})`;
    const inward = endpoint.groupIds.flatMap((id) => this.groupOf(id).ingress).filter(coversHttps);
    return inward.some(({ peer }) => reaches(peer, caller.groupIds, [caller.ip]))
      ? undefined
      : `the security groups of ${endpoint.id} (${endpoint.serviceName}) let nothing in from ${caller.ip}`;
  }
}

const interfaceKey = (vpcId: string, ip: string): string => `${vpcId} ${ip}`;

const coversHttps = ({ protocol, fromPort, toPort }: GroupRule): boolean =>
  protocol === "-1" || (protocol === "tcp" && fromPort <= httpsPort && httpsPort <= toPort);

const reaches = (peer: GroupRule["peer"], groupIds: readonly string[], addresses: readonly string[]): boolean =>
  "groupId" in peer ? groupIds.includes(peer.groupId) : "cidr" in peer && addresses.some((ip) => blockContains(peer.cidr, ip));

function found<T>(value: T | undefined, code: string, message: string): T {
  if (value === undefined) throw new AwsError(code, message);
  return value;
}
