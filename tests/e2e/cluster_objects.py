"""Objects of every kind that the fixtures lack, as manifests; those labelled `test: sound` are as they should be."""

PLATFORM = """
{apiVersion: v1, kind: Namespace, metadata: {name: clinic, labels: {test: sound, pod-security.kubernetes.io/enforce: restricted, istio-injection: enabled}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: apart, labels: {pod-security.kubernetes.io/enforce: baseline}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: operators}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: guarded, labels: {guard: 'no'}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: istio-system, labels: {test: sound}}}
---
{apiVersion: v1, kind: Node, metadata: {name: gpu-node-1, labels: {nvidia.com/gpu.sharing-strategy: time-slicing, nvidia.com/gpu.replicas: '4', nvidia.com/gpu.product: A100-SHARED}}, spec: {providerID: 'aws:///eu-central-1a/i-0'}, status: {capacity: {cpu: '64', nvidia.com/gpu: '4'}, nodeInfo: {kubeletVersion: v1.33.1, containerRuntimeVersion: 'containerd://1.7.20'}}}
---
{apiVersion: v1, kind: LimitRange, metadata: {name: usual, namespace: clinic, labels: {test: sound}}, spec: {limits: [{type: Container, default: {cpu: '1', memory: 1Gi}}]}}
---
{apiVersion: v1, kind: ResourceQuota, metadata: {name: usual, namespace: clinic, labels: {test: sound}}, spec: {hard: {requests.cpu: '8', requests.memory: 64Gi, requests.nvidia.com/gpu: '1'}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: clinic}, data: {token: S3CRET-VALUE}}
---
{apiVersion: v1, kind: Secret, metadata: {name: registry, namespace: clinic, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"data":{"token":"UzNDUkVULVZBTFVF"}}'}}, type: Opaque, data: {token: UzNDUkVULVZBTFVF}}
---
{apiVersion: v1, kind: Secret, metadata: {name: builder-token, namespace: operators, annotations: {kubernetes.io/service-account.name: builder}}, type: kubernetes.io/service-account-token, data: {token: UzNDUkVULVZBTFVF}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: builder, namespace: operators}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: quiet, namespace: operators, annotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::111122223333:role/quiet'}}, automountServiceAccountToken: false}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: clinic, labels: {test: sound}}, automountServiceAccountToken: false}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: operators}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: clinic, labels: {test: sound}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]
      containers:
      - name: web
        image: registry.example/web:1@sha256:abababababababababababababababababababababababababababababababab
        ports: [{containerPort: 8080, name: http}]
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
        resources: {requests: {cpu: '1', memory: 1Gi}, limits: {cpu: '1', memory: 1Gi}}
        readinessProbe: {httpGet: {path: /, port: 8080}}
        livenessProbe: {httpGet: {path: /, port: 8080}}
        volumeMounts: [{name: data, mountPath: /models, readOnly: true}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: weights, readOnly: true}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: builder, namespace: operators}
spec:
  replicas: 1
  selector: {matchLabels: {app: builder}}
  template:
    metadata: {labels: {app: builder}}
    spec:
      serviceAccountName: builder
      containers:
      - name: main
        image: registry.example/builder
        args: [--token=S3CRET-VALUE]
        env: [{name: API_KEY, value: S3CRET-VALUE}, {name: FROM, valueFrom: {secretKeyRef: {name: builder-token, key: token}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: idle, namespace: operators}
spec:
  replicas: 0
  selector: {matchLabels: {app: idle}}
  template: {metadata: {labels: {app: idle}}, spec: {containers: [{name: main, image: registry.example/idle}]}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: cilium, namespace: kube-system, labels: {test: sound}}
spec:
  selector: {matchLabels: {k8s-app: cilium}}
  template: {metadata: {labels: {k8s-app: cilium}}, spec: {hostNetwork: true, containers: [{name: cilium-agent, image: 'quay.io/cilium/cilium:v1.17.1', securityContext: {privileged: true}}]}}
---
{apiVersion: v1, kind: ReplicationController, metadata: {name: old, namespace: operators}, spec: {replicas: 1, selector: {app: old}, template: {metadata: {labels: {app: old}}, spec: {containers: [{name: main, image: registry.example/old}]}}}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: alone, namespace: operators}, spec: {replicas: 0, template: {metadata: {labels: {app: alone}}, spec: {containers: [{name: main, image: registry.example/alone}]}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: once, namespace: operators}, spec: {template: {spec: {containers: [{name: main, image: 'registry.example/trainer:1', command: [torchrun, train.py]}]}}}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: operators}, spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: main, image: 'registry.example/night:1'}]}}}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: shell, namespace: apart, labels: {app: shell}}, spec: {nodeName: gpu-node-1, hostPID: true, serviceAccountName: default, containers: [{name: main, image: 'registry.example/shell:1', securityContext: {privileged: true}, resources: {limits: {nvidia.com/gpu: 1}}}]}, status: {phase: Running}}
---
{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: operators, labels: {app: other}}, spec: {nodeName: gpu-node-1, containers: [{name: main, image: 'registry.example/other:1', resources: {limits: {nvidia.com/gpu: 1}}}]}, status: {phase: Running}}
---
{apiVersion: v1, kind: Pod, metadata: {name: kube-apiserver-cp, namespace: kube-system, labels: {test: sound}, annotations: {kubernetes.io/config.mirror: a1}, ownerReferences: [{apiVersion: v1, kind: Node, name: cp, controller: true, uid: u}]}, spec: {nodeName: cp, hostNetwork: true, containers: [{name: kube-apiserver, image: 'registry.k8s.io/kube-apiserver:v1.33.1', command: [kube-apiserver, --encryption-provider-config=/etc/e.yaml, --audit-policy-file=/etc/a.yaml, --audit-log-path=/var/log/a]}]}, status: {phase: Running}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: sealed, labels: {test: sound}, annotations: {storageclass.kubernetes.io/is-default-class: 'true'}}, provisioner: ebs.csi.aws.com, parameters: {encrypted: 'true', kmsKeyId: 'arn:aws:kms:eu-central-1:111122223333:key/a'}, reclaimPolicy: Retain}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: weights, namespace: clinic, labels: {test: sound}}, spec: {accessModes: [ReadOnlyMany]}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: bound, namespace: operators}, spec: {accessModes: [ReadWriteOnce], storageClassName: '', volumeName: disk}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: disk}, spec: {accessModes: [ReadWriteOnce], hostPath: {path: /srv/data}, claimRef: {namespace: operators, name: bound}}}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: sealed-disk}, spec: {accessModes: [ReadWriteOnce], csi: {driver: disk.csi.azure.com}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: clinic, labels: {test: sound}}, spec: {selector: {app: web}, ports: [{name: web, port: 80, targetPort: http}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: open, namespace: operators}, spec: {type: LoadBalancer, selector: {app: builder}, ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: inner, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}}, spec: {controller: k8s.io/ingress-nginx}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: clinic, annotations: {nginx.ingress.kubernetes.io/auth-url: 'https://login.example'}}, spec: {tls: [{hosts: [clinic.example]}], rules: [{host: clinic.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: web}}}}]}}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: clinic, labels: {test: sound}}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: web, namespace: clinic, labels: {test: sound}}, spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}}], ports: [{port: http}]}]}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web, namespace: clinic, labels: {test: sound}}, spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}, status: {expectedPods: 2, desiredHealthy: 1}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: never, namespace: operators}, spec: {maxUnavailable: 0, selector: {matchLabels: {app: builder}}}, status: {expectedPods: 1, desiredHealthy: 1}}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: guard}, webhooks: [{name: guard.example, failurePolicy: Ignore, clientConfig: {url: 'https://guard.example'}, namespaceSelector: {matchExpressions: [{key: guard, operator: NotIn, values: ['no']}]}, rules: [{apiGroups: [''], operations: [CREATE], resources: [pods]}]}]}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: inject, labels: {test: sound}}, webhooks: [{name: inject.example, failurePolicy: Fail, clientConfig: {service: {namespace: istio-system, name: istiod}}, rules: [{apiGroups: [''], operations: [CREATE], resources: [pods]}]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: builder}, rules: [{apiGroups: [''], resources: [secrets], verbs: [get, list]}, {apiGroups: [apps], resources: [deployments], verbs: [create, patch]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: builder}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: builder}, subjects: [{kind: ServiceAccount, name: builder, namespace: operators}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: people}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: ada@lumen-onkologie.example}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: shells, namespace: apart}, rules: [{apiGroups: [''], resources: [pods/exec], verbs: [create]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: shells, namespace: apart}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: shells}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: team-a}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: reader, namespace: clinic, labels: {test: sound}}, rules: [{apiGroups: [''], resources: [configmaps], resourceNames: [settings], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: reader, namespace: clinic, labels: {test: sound}}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}, subjects: [{kind: ServiceAccount, name: web, namespace: clinic}]}
---
{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: other, namespace: apart}, spec: {endpointSelector: {}, ingress: [{}]}}
---
{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: shells}, spec: {endpointSelector: {matchLabels: {app: shell}}, ingressDeny: [{}]}}
---
{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {name: default.other, namespace: apart}, spec: {selector: app == 'shell', types: [Ingress]}}
---
{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: default.shells}, spec: {selector: app == 'shell', types: [Egress]}}
---
{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: other, namespace: apart}, spec: {selector: app == 'shell', types: [Ingress]}}
---
{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: shells}, spec: {selector: app == 'shell', types: [Egress]}}
---
{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: shells}, spec: {priority: 5, subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: apart}}}, ingress: [{}]}}
---
{apiVersion: policy.networking.k8s.io/v1alpha1, kind: BaselineAdminNetworkPolicy, metadata: {name: default}, spec: {subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: apart}}}, egress: [{}]}}
---
{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: shells}, spec: {tier: Admin, priority: 5, subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: apart}}}, ingress: [{}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: front, namespace: clinic}, spec: {gatewayClassName: any, listeners: [{name: web, port: 443, protocol: HTTPS, tls: {mode: Terminate}}, {name: plain, port: 80, protocol: HTTP}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: web, namespace: clinic}, spec: {parentRefs: [{name: front, sectionName: web}], hostnames: [clinic.example], rules: [{backendRefs: [{name: web, port: 80}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {name: calls, namespace: clinic}, spec: {parentRefs: [{name: front, sectionName: plain}], rules: [{backendRefs: [{name: web, port: 80}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {name: raw, namespace: operators}, spec: {parentRefs: [{name: front, namespace: clinic, sectionName: plain}], rules: [{backendRefs: [{name: open, port: 80}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: TLSRoute, metadata: {name: sealed, namespace: clinic}, spec: {parentRefs: [{name: front, sectionName: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: door, namespace: clinic}, spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: true}}, {port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*'], tls: {mode: SIMPLE}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: web, namespace: clinic}, spec: {hosts: [clinic.example], gateways: [door], http: [{route: [{destination: {host: web, port: {number: 80}}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: default, namespace: clinic, labels: {test: sound}}, spec: {mtls: {mode: STRICT}}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: callers, namespace: clinic, labels: {test: sound}}, spec: {action: ALLOW, rules: [{from: [{source: {principals: [cluster.local/ns/istio-system/sa/front]}}]}]}}
---
{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: tokens, namespace: clinic}, spec: {jwtRules: [{issuer: 'https://login.example'}]}}
---
{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: builder, namespace: operators}, spec: {podSelector: {matchLabels: {app: builder}}, port: 8080}}
---
{apiVersion: policy.linkerd.io/v1alpha1, kind: AuthorizationPolicy, metadata: {name: builder, namespace: operators}, spec: {targetRef: {kind: Server, name: builder}, requiredAuthenticationRefs: [{kind: MeshTLSAuthentication, name: any}]}}
---
{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: open, namespace: operators}, spec: {host: open.example, to: {kind: Service, name: open}, port: {targetPort: 8080}}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: builder, namespace: apart}, spec: {parentRefs: [{name: front, namespace: clinic, sectionName: web}], rules: [{backendRefs: [{name: open, namespace: operators, port: 80}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: ReferenceGrant, metadata: {name: from-apart, namespace: operators}, spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: apart}], to: [{group: '', kind: Service}]}}
---
{apiVersion: gateway.envoyproxy.io/v1alpha1, kind: SecurityPolicy, metadata: {name: login, namespace: clinic}, spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: web}], jwt: {providers: [{name: own, issuer: 'https://login.example', remoteJWKS: {uri: 'https://login.example/keys'}}]}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: builder, namespace: operators, annotations: {traefik.ingress.kubernetes.io/router.middlewares: operators-login@kubernetescrd}}, spec: {ingressClassName: traefik, rules: [{host: builder.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: open, port: {number: 80}}}}]}}]}}
---
{apiVersion: traefik.io/v1alpha1, kind: Middleware, metadata: {name: login, namespace: operators}, spec: {forwardAuth: {address: 'https://login.example'}}}
---
{apiVersion: policy.sigstore.dev/v1beta1, kind: ClusterImagePolicy, metadata: {name: signed}, spec: {images: [{glob: 'registry.example/**'}], authorities: [{keyless: {url: 'https://fulcio.example'}}]}}
---
{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: signed}, spec: {validationFailureAction: Enforce, rules: [{name: images, match: {any: [{resources: {kinds: [Pod]}}]}, verifyImages: [{imageReferences: ['*'], required: true, attestors: [{entries: [{keyless: {issuer: 'https://fulcio.example'}}]}]}]}]}}
---
{apiVersion: kyverno.io/v1, kind: Policy, metadata: {name: signed, namespace: apart}, spec: {validationFailureAction: Audit, rules: [{name: images, match: {any: [{resources: {kinds: [Pod]}}]}, verifyImages: [{imageReferences: ['*'], attestors: [{entries: [{keyless: {issuer: 'https://fulcio.example'}}]}]}]}]}}
---
{apiVersion: policies.kyverno.io/v1, kind: NamespacedImageValidatingPolicy, metadata: {name: signed, namespace: operators}, spec: {validationActions: [Deny], matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}, matchImageReferences: [{glob: 'registry.example/**'}], validations: [{expression: 'images.containers.all(image, verifyImageSignatures(image, [attestors.own]) > 0)'}]}}
---
{apiVersion: config.openshift.io/v1, kind: ClusterImagePolicy, metadata: {name: signed}, spec: {scopes: [registry.example], policy: {rootOfTrust: {policyType: PublicKey}}}}
---
{apiVersion: config.openshift.io/v1, kind: ImagePolicy, metadata: {name: signed, namespace: apart}, spec: {scopes: [registry.example], policy: {rootOfTrust: {policyType: PublicKey}}}}
---
{apiVersion: config.ratify.deislabs.io/v1beta1, kind: Verifier, metadata: {name: signed}, spec: {name: notation, artifactTypes: application/vnd.cncf.notary.signature}}
"""  # noqa: E501  # one object a line

OWNERS = """
{apiVersion: apps.openshift.io/v1, kind: DeploymentConfig, metadata: {name: dc, namespace: operators}, spec: {replicas: 1, selector: {app: dc}, template: {metadata: {labels: {app: work}}, spec: {containers: [{name: main, image: registry.example/work, resources: {limits: {nvidia.com/gpu: 1}}}]}}}}
---
{apiVersion: argoproj.io/v1alpha1, kind: ClusterWorkflowTemplate, metadata: {name: cwt}, spec: {templates: [{name: train, container: {image: 'pytorch/pytorch:2.4', command: [python, train.py], securityContext: {privileged: true}}}]}}
---
{apiVersion: argoproj.io/v1alpha1, kind: CronWorkflow, metadata: {name: cron, namespace: operators}, spec: {schedule: '0 3 * * *', workflowSpec: {templates: [{name: train, container: {image: registry.example/work}}]}}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: wf, namespace: operators}, spec: {templates: [{name: train, container: {image: registry.example/work}}]}}
---
{apiVersion: argoproj.io/v1alpha1, kind: WorkflowTemplate, metadata: {name: wft, namespace: operators}, spec: {templates: [{name: train, container: {image: registry.example/work}}]}}
---
{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: rollout, namespace: operators}, spec: {replicas: 1, template: {metadata: {labels: {app: rollout}}, spec: {containers: [{name: main, image: registry.example/work}]}}}}
---
{apiVersion: batch.volcano.sh/v1alpha1, kind: Job, metadata: {name: vj, namespace: operators}, spec: {tasks: [{name: worker, replicas: 1, template: {spec: {containers: [{name: main, image: registry.example/work}]}}}]}}
---
{apiVersion: grafana.integreatly.org/v1beta1, kind: Grafana, metadata: {name: gf, namespace: operators}, spec: {config: {auth.anonymous: {enabled: 'true'}}}}
---
{apiVersion: jobset.x-k8s.io/v1alpha2, kind: JobSet, metadata: {name: js, namespace: operators}, spec: {replicatedJobs: [{name: worker, replicas: 1, template: {spec: {template: {spec: {containers: [{name: main, image: registry.example/work}]}}}}}]}}
---
{apiVersion: kubeflow.org/v1, kind: JAXJob, metadata: {name: jax, namespace: operators}, spec: {jaxReplicaSpecs: {Worker: {replicas: 1, template: {spec: {containers: [{name: jax, image: registry.example/work}]}}}}}}
---
{apiVersion: kubeflow.org/v2beta1, kind: MPIJob, metadata: {name: mpi, namespace: operators}, spec: {mpiReplicaSpecs: {Worker: {replicas: 1, template: {spec: {containers: [{name: mpi, image: registry.example/work}]}}}}}}
---
{apiVersion: kubeflow.org/v1, kind: PaddleJob, metadata: {name: paddle, namespace: operators}, spec: {paddleReplicaSpecs: {Worker: {replicas: 1, template: {spec: {containers: [{name: paddle, image: registry.example/work}]}}}}}}
---
{apiVersion: kubeflow.org/v1, kind: TFJob, metadata: {name: tf, namespace: operators}, spec: {tfReplicaSpecs: {Worker: {replicas: 1, template: {spec: {containers: [{name: tensorflow, image: registry.example/work}]}}}}}}
---
{apiVersion: kubeflow.org/v1, kind: XGBoostJob, metadata: {name: idle, namespace: operators}, spec: {xgbReplicaSpecs: {Worker: {replicas: 1, template: {spec: {containers: [{name: xgboost, image: registry.example/work}]}}}}}}
---
{apiVersion: leaderworkerset.x-k8s.io/v1, kind: LeaderWorkerSet, metadata: {name: lws, namespace: operators}, spec: {replicas: 1, leaderWorkerTemplate: {workerTemplate: {spec: {containers: [{name: main, image: 'vllm/vllm-openai:v0.9'}]}}}}}
---
{apiVersion: machinelearning.seldon.io/v1, kind: SeldonDeployment, metadata: {name: seldon, namespace: operators}, spec: {predictors: [{name: main, componentSpecs: [{spec: {containers: [{name: classifier, image: registry.example/work}]}}]}]}}
---
{apiVersion: milvus.io/v1beta1, kind: Milvus, metadata: {name: vectors, namespace: operators}, spec: {components: {image: 'milvusdb/milvus:v2.5.0'}}}
---
{apiVersion: monitoring.coreos.com/v1, kind: Alertmanager, metadata: {name: alerts, namespace: operators}, spec: {replicas: 1}}
---
{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {name: metrics, namespace: operators}, spec: {replicas: 1, enableAdminAPI: true}}
---
{apiVersion: ray.io/v1, kind: RayJob, metadata: {name: rayjob, namespace: operators}, spec: {rayClusterSpec: {headGroupSpec: {rayStartParams: {}, template: {spec: {containers: [{name: ray-head, image: 'rayproject/ray:2.41.0'}]}}}}}}
---
{apiVersion: ray.io/v1, kind: RayService, metadata: {name: rayservice, namespace: operators}, spec: {rayClusterConfig: {headGroupSpec: {rayStartParams: {}, template: {spec: {containers: [{name: ray-head, image: 'rayproject/ray:2.41.0', livenessProbe: &probe {exec: {command: [ray]}}, readinessProbe: *probe}]}}}}}}
---
{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: kn, namespace: operators}, spec: {template: {spec: {containers: [{image: registry.example/work, readinessProbe: {tcpSocket: {port: 0}}}]}}}}
---
{apiVersion: serving.kserve.io/v1alpha1, kind: ClusterServingRuntime, metadata: {name: shared}, spec: {containers: [{name: kserve-container, image: 'registry.example/runtime:1', securityContext: {privileged: true}}]}}
---
{apiVersion: serving.kserve.io/v1alpha1, kind: ServingRuntime, metadata: {name: own, namespace: operators}, spec: {containers: [{name: kserve-container, image: 'registry.example/runtime:1'}]}}
---
{apiVersion: sparkoperator.k8s.io/v1beta2, kind: ScheduledSparkApplication, metadata: {name: nightly, namespace: operators}, spec: {template: {image: 'apache/spark:3.5', driver: {}, executor: {instances: 1}}}}
---
{apiVersion: sparkoperator.k8s.io/v1beta2, kind: SparkApplication, metadata: {name: spark, namespace: operators}, spec: {image: 'apache/spark:3.5', driver: {}, executor: {instances: 1}}}
---
{apiVersion: trainer.kubeflow.org/v1alpha1, kind: TrainJob, metadata: {name: tj, namespace: operators}, spec: {trainer: {image: 'registry.example/work:1', numNodes: 1}}}
---
{apiVersion: serving.kserve.io/v1alpha1, kind: LLMInferenceService, metadata: {name: llm, namespace: operators}, spec: {model: {uri: 'hf://example/model'}, template: {containers: [{name: main, image: 'vllm/vllm-openai:v0.9'}]}}}
---
{apiVersion: serving.kserve.io/v1alpha1, kind: InferenceGraph, metadata: {name: chain, namespace: operators}, spec: {nodes: {root: {routerType: Sequence, steps: [{serviceName: llm}]}}}}
---
{apiVersion: tensorboard.kubeflow.org/v1alpha1, kind: Tensorboard, metadata: {name: board, namespace: operators}, spec: {logspath: 'pvc://bound/logs'}}
---
{apiVersion: mlops.seldon.io/v1alpha1, kind: ServerConfig, metadata: {name: mlserver, namespace: operators}, spec: {podSpec: {containers: [{name: mlserver, image: 'seldonio/mlserver:1.6.0'}]}}}
---
{apiVersion: mlops.seldon.io/v1alpha1, kind: Server, metadata: {name: models, namespace: operators}, spec: {serverConfig: mlserver, replicas: 1}}
---
{apiVersion: mlops.seldon.io/v1alpha1, kind: Model, metadata: {name: iris, namespace: operators}, spec: {storageUri: 'gs://example/iris', server: models, requirements: [sklearn]}}
---
{apiVersion: mlops.seldon.io/v1alpha1, kind: SeldonConfig, metadata: {name: default, namespace: operators}, spec: {components: [{name: seldon-scheduler, replicas: 1, podSpec: {containers: [{name: scheduler, image: 'seldonio/seldon-scheduler:2.9.0'}]}}]}}
---
{apiVersion: mlops.seldon.io/v1alpha1, kind: SeldonRuntime, metadata: {name: seldon, namespace: operators}, spec: {seldonConfig: default}}
"""  # noqa: E501  # one object a line
"""Of kinds that make pods, most of them with a pod that runs."""
