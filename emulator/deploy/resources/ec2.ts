// The network part of AWS::EC2, as the CDK writes a VPC of isolated subnets; what leads out of it (gateways, routes) is refused as not modelled.

import { z } from "zod";
import { AwsError, notImplemented } from "../../aws-error.ts";
import { resourcePolicy } from "../../resource-policy.ts";
import type { Environment } from "../../service.ts";
import { freeAddress, parseBlock } from "../../services/ec2/address.ts";
import type { GroupRule, Network } from "../../services/ec2/network.ts";
import { type ResourceType, resourceType } from "../resource-type.ts";
import { tagList } from "../tag-list.ts";
import { truth, wholeNumber } from "./scalars.ts";

const block = z.string().refine((cidr) => {
  try {
    return parseBlock(cidr).size > 0;
  } catch {
    return false;
  }
}, "must be an IPv4 CIDR block");

const port = z.union([z.literal(-1), wholeNumber({ from: 0, to: 65_535 })]);
const rule = {
  IpProtocol: z.union([z.string(), z.number()]).transform(String),
  FromPort: port.optional(),
  ToPort: port.optional(),
  CidrIp: block.optional(),
  Description: z.string().optional(),
};
const ingress = { ...rule, SourceSecurityGroupId: z.string().optional(), SourcePrefixListId: z.string().optional() };
const egress = { ...rule, DestinationSecurityGroupId: z.string().optional(), DestinationPrefixListId: z.string().optional() };

type Rule = { IpProtocol: string; FromPort?: number | undefined; ToPort?: number | undefined; CidrIp?: string | undefined };

function groupRule(of: Rule, peers: { groupId: string | undefined; prefixListId: string | undefined }): GroupRule {
  const { groupId, prefixListId } = peers;
  const peer = groupId !== undefined ? { groupId } : prefixListId !== undefined ? { prefixListId } : { cidr: of.CidrIp ?? "" };
  if ("cidr" in peer && peer.cidr === "")
    throw new AwsError("InvalidParameterValue", "A security group rule names no peer: give CidrIp, a security group or a prefix list.");
  return { protocol: of.IpProtocol, fromPort: of.FromPort ?? 0, toPort: of.ToPort ?? 65_535, peer };
}

const ingressRule = (of: z.output<z.ZodObject<typeof ingress>>): GroupRule =>
  groupRule(of, { groupId: of.SourceSecurityGroupId, prefixListId: of.SourcePrefixListId });
const egressRule = (of: z.output<z.ZodObject<typeof egress>>): GroupRule =>
  groupRule(of, { groupId: of.DestinationSecurityGroupId, prefixListId: of.DestinationPrefixListId });

export function ec2ResourceTypes(network: Network, environment: Environment): readonly ResourceType[] {
  /** `vpc-` and 17 hexadecimal digits. */
  const newId = (prefix: string): string => `${prefix}-${Buffer.from(environment.randomBytes(9)).toString("hex").slice(0, 17)}`;
  return [
    resourceType({
      type: "AWS::EC2::VPC",
      properties: z.strictObject({
        CidrBlock: block,
        EnableDnsHostnames: truth.optional(),
        EnableDnsSupport: truth.optional(),
        InstanceTenancy: z.literal("default").optional(),
        Tags: tagList,
      }),
      create({ CidrBlock }) {
        const vpc = { id: newId("vpc"), cidr: CidrBlock, defaultGroupId: newId("sg") };
        network.addVpc(vpc);
        return { ref: vpc.id, attributes: { VpcId: vpc.id, CidrBlock, DefaultSecurityGroup: vpc.defaultGroupId } };
      },
    }),
    resourceType({
      type: "AWS::EC2::Subnet",
      properties: z.strictObject({
        VpcId: z.string(),
        CidrBlock: block,
        AvailabilityZone: z.string(),
        MapPublicIpOnLaunch: z.union([z.literal(false), z.literal("false")]).optional(),
        Tags: tagList,
      }),
      create({ VpcId, CidrBlock, AvailabilityZone }) {
        const [whole, part] = [parseBlock(network.vpcOf(VpcId).cidr), parseBlock(CidrBlock)];
        if (part.start < whole.start || part.start + part.size > whole.start + whole.size)
          throw new AwsError("InvalidSubnet.Range", `The CIDR '${CidrBlock}' is invalid: it is not within ${network.vpcOf(VpcId).cidr}.`);
        const id = newId("subnet");
        network.subnets.set(id, { id, vpcId: VpcId, cidr: CidrBlock, zone: AvailabilityZone, taken: new Set() });
        return { ref: id, attributes: { SubnetId: id, VpcId, CidrBlock, AvailabilityZone } };
      },
    }),
    resourceType({
      type: "AWS::EC2::RouteTable",
      properties: z.strictObject({ VpcId: z.string(), Tags: tagList }),
      create({ VpcId }) {
        const id = newId("rtb");
        return { ref: id, attributes: { RouteTableId: id, VpcId: network.vpcOf(VpcId).id } };
      },
    }),
    resourceType({
      type: "AWS::EC2::SubnetRouteTableAssociation",
      properties: z.strictObject({ RouteTableId: z.string(), SubnetId: z.string() }),
      create({ RouteTableId, SubnetId }) {
        network.subnetOf(SubnetId).routeTableId = RouteTableId;
        const id = newId("rtbassoc");
        return { ref: id, attributes: { Id: id } };
      },
    }),
    resourceType({
      type: "AWS::EC2::SecurityGroup",
      properties: z.strictObject({
        VpcId: z.string(),
        GroupName: z.string().optional(),
        GroupDescription: z.string(),
        SecurityGroupIngress: z.array(z.strictObject(ingress)).default([]),
        // AWS lets everything out of a group that says nothing about it.
        SecurityGroupEgress: z.array(z.strictObject(egress)).default([{ IpProtocol: "-1", CidrIp: "0.0.0.0/0" }]),
        Tags: tagList,
      }),
      create(properties) {
        const id = newId("sg");
        network.groups.set(id, {
          id,
          vpcId: network.vpcOf(properties.VpcId).id,
          ingress: properties.SecurityGroupIngress.map(ingressRule),
          egress: properties.SecurityGroupEgress.map(egressRule),
        });
        return { ref: id, attributes: { GroupId: id, Id: id, VpcId: properties.VpcId } };
      },
    }),
    resourceType({
      type: "AWS::EC2::SecurityGroupIngress",
      properties: z.strictObject({ GroupId: z.string(), ...ingress }),
      create({ GroupId, ...of }) {
        network.groupOf(GroupId).ingress.push(ingressRule(of));
        const id = newId("sgr");
        return { ref: id, attributes: { Id: id } };
      },
    }),
    resourceType({
      type: "AWS::EC2::SecurityGroupEgress",
      properties: z.strictObject({ GroupId: z.string(), ...egress }),
      create({ GroupId, ...of }) {
        network.groupOf(GroupId).egress.push(egressRule(of));
        const id = newId("sgr");
        return { ref: id, attributes: { Id: id } };
      },
    }),
    resourceType({
      type: "AWS::EC2::VPCEndpoint",
      properties: z.strictObject({
        VpcId: z.string(),
        ServiceName: z.string(),
        VpcEndpointType: z.enum(["Interface", "Gateway"]).default("Gateway"),
        PolicyDocument: resourcePolicy.optional(),
        PrivateDnsEnabled: truth.default(false),
        SecurityGroupIds: z.array(z.string()).default([]),
        SubnetIds: z.array(z.string()).default([]),
        RouteTableIds: z.array(z.string()).default([]),
        IpAddressType: z.literal("ipv4").optional(),
        Tags: tagList,
      }),
      create(properties) {
        const vpc = network.vpcOf(properties.VpcId);
        const id = newId("vpce");
        const serviceName = endpointService(properties.ServiceName, environment.region);
        const subnets = properties.SubnetIds.map((subnetId) => network.subnetOf(subnetId));
        const addresses = subnets.map((subnet) => {
          const ip = freeAddress(subnet.cidr, subnet.taken);
          if (ip === undefined)
            throw new AwsError("InsufficientFreeAddressesInSubnet", `Subnet ${subnet.id} has no free address for ${id}.`);
          subnet.taken.add(ip);
          return ip;
        });
        const groupIds = properties.SecurityGroupIds.length > 0 ? properties.SecurityGroupIds : [vpc.defaultGroupId];
        for (const groupId of groupIds) network.groupOf(groupId);
        network.endpoints.set(id, {
          id,
          vpcId: vpc.id,
          serviceName,
          kind: properties.VpcEndpointType,
          ...(properties.PolicyDocument && { policy: properties.PolicyDocument }),
          privateDns: properties.PrivateDnsEnabled,
          addresses,
          groupIds,
          routeTableIds: properties.RouteTableIds,
        });
        const dnsName = `${id}.${serviceName}.${environment.region}.vpce.amazonaws.com`;
        return {
          ref: id,
          attributes: {
            Id: id,
            CreationTimestamp: new Date(environment.clock.now()).toISOString(),
            DnsEntries: properties.VpcEndpointType === "Interface" ? [`Z7HUB22UULQXV:${dnsName}`] : [],
            NetworkInterfaceIds: subnets.map(() => newId("eni")),
          },
        };
      },
    }),
    // Accepted, since a template without it would be another template; the emulator's traffic is recorded by the gateway and not here.
    resourceType({
      type: "AWS::EC2::FlowLog",
      properties: z.strictObject({
        ResourceId: z.string(),
        ResourceType: z.enum(["VPC", "Subnet", "NetworkInterface"]),
        TrafficType: z.enum(["ACCEPT", "ALL", "REJECT"]).optional(),
        LogDestinationType: z.literal("cloud-watch-logs").optional(),
        LogGroupName: z.string().optional(),
        DeliverLogsPermissionArn: z.string().optional(),
        MaxAggregationInterval: z.union([z.literal(60), z.literal(600)]).optional(),
        LogFormat: z.string().optional(),
        Tags: tagList,
      }),
      create({ ResourceId, ResourceType }) {
        if (ResourceType === "VPC") network.vpcOf(ResourceId);
        else if (ResourceType === "Subnet") network.subnetOf(ResourceId);
        else throw notImplemented("A flow log of a network interface");
        const id = newId("fl");
        return { ref: id, attributes: { Id: id } };
      },
    }),
  ];
}

/** The service at the end of an endpoint service's name: `sts` of `com.amazonaws.us-east-1.sts`; IAM's name has no region. */
function endpointService(name: string, region: string): string {
  const service = /^com\.amazonaws\.(.+)$/.exec(name)?.[1];
  if (service === undefined) throw new AwsError("InvalidServiceName", `The Vpc Endpoint Service '${name}' does not exist`);
  return service.startsWith(`${region}.`) ? service.slice(region.length + 1) : service;
}
