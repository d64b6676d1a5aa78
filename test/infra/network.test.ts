// The network: isolated, three zones wide, and open to nothing but what its tenants call.

import { describe, expect, it } from "vitest";
import { statementsOf } from "./statements.ts";
import { account, synthesise } from "./synthesised.ts";

const synthesised = synthesise();
const endpoints = synthesised.ofType("AWS::EC2::VPCEndpoint");
const policies = statementsOf(synthesised).filter(({ kind }) => kind === "endpoint");

describe("the network", () => {
  it("leads nowhere: no internet gateway, no NAT, no route, no public address", () => {
    const types = new Set(synthesised.resources.map(({ Type }) => Type));
    for (const type of ["InternetGateway", "NatGateway", "Route", "EIP", "TransitGatewayAttachment", "VPCPeeringConnection"]) {
      expect(types).not.toContain(`AWS::EC2::${type}`);
    }
    expect(synthesised.ofType("AWS::EC2::Subnet").filter(({ Properties }) => Properties.MapPublicIpOnLaunch !== false)).toEqual([]);
  });

  it("has every subnet group in each of the three zones", () => {
    const places = synthesised.ofType("AWS::EC2::Subnet").map(({ Properties }) => {
      const group = Properties.Tags.find(({ Key }: { Key: string }) => Key === "aws-cdk:subnet-name").Value;
      return `${group} ${Properties.AvailabilityZone}`;
    });
    const expected = ["jobs", "validate-mfa", "retrieve-credentials", "endpoints"].flatMap((group) =>
      ["us-east-1a", "us-east-1b", "us-east-1c"].map((zone) => `${group} ${zone}`),
    );
    expect(places.sort()).toEqual(expected.sort());
  });

  it("lets security groups speak HTTPS only, to an endpoint's group or a gateway's prefix list", () => {
    const rules = [
      ...synthesised.ofType("AWS::EC2::SecurityGroupEgress").map(({ Properties }) => Properties),
      ...synthesised.ofType("AWS::EC2::SecurityGroupIngress").map(({ Properties }) => Properties),
      ...synthesised.ofType("AWS::EC2::SecurityGroup").flatMap(({ Properties }) => [
        ...(Properties.SecurityGroupIngress ?? []),
        // The CDK writes "nothing at all" as a rule to 255.255.255.255/32.
        ...(Properties.SecurityGroupEgress ?? []).filter(({ CidrIp }: { CidrIp?: string }) => CidrIp !== "255.255.255.255/32"),
      ]),
    ];
    expect(rules.length).toBeGreaterThan(10);
    for (const rule of rules) {
      expect(rule).toMatchObject({ FromPort: 443, ToPort: 443, IpProtocol: "tcp" });
      expect(rule.CidrIp ?? rule.CidrIpv6).toBeUndefined();
    }
    const lists = synthesised.ofType("AWS::EC2::SecurityGroupEgress").flatMap(({ Properties }) => Properties.DestinationPrefixListId ?? []);
    expect([...new Set(lists)].sort()).toEqual(["pl-02cd2c6b", "pl-63a5400a"]);
  });

  it("logs all of its flows", () => {
    expect(synthesised.ofType("AWS::EC2::FlowLog").map(({ Properties }) => Properties.TrafficType)).toEqual(["ALL"]);
  });
});

describe("the endpoints", () => {
  it("are those that tasks, containers and the jobs' permissions need", () => {
    expect(endpoints.map(({ Properties }) => Properties.ServiceName).sort()).toEqual(
      [
        "com.amazonaws.iam",
        ...["dynamodb", "ecr.api", "ecr.dkr", "kms", "logs", "s3", "secretsmanager", "sns", "sts"].map(
          (name) => `com.amazonaws.us-east-1.${name}`,
        ),
      ].sort(),
    );
  });

  it("each have a policy, limited to principals of the account, to our users, or to ECR's own layers", () => {
    expect(endpoints.filter(({ Properties }) => !Properties.PolicyDocument)).toEqual([]);
    const open = policies.filter(({ conditions }) => conditions["StringEquals"]?.["aws:PrincipalAccount"] !== account);
    expect(open.map(({ sid, resources, conditions }) => ({ sid, resources, conditions }))).toEqual([
      {
        sid: "AdminsShowTheirCode",
        resources: ["*"],
        conditions: { ArnLike: { "aws:PrincipalArn": `arn:aws:iam::${account}:user/keyturn/*` } },
      },
      { sid: "FetchImageLayers", resources: ["arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"], conditions: {} },
    ]);
  });

  it("let a job's calls through as it declares them, and no more", () => {
    const iam = policies.filter(({ of }) => of === "com.amazonaws.iam");
    expect(iam.map(({ actions, resources }) => ({ actions, resources }))).toEqual([
      { actions: ["iam:ListUsers"], resources: ["*"] },
      { actions: ["iam:ListAccessKeys"], resources: [`arn:aws:iam::${account}:user/*`] },
    ]);
  });

  it("are limited to the organisation where the configuration names one", () => {
    const wide = statementsOf(synthesise({ config: { organizationId: "o-a1b2c3d4e5" } })).filter(({ kind }) => kind === "endpoint");
    const limits = new Set(wide.map(({ conditions }) => JSON.stringify(conditions["StringEquals"] ?? null)));
    expect([...limits].sort()).toEqual(["null", '{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}'].sort());
  });
});
