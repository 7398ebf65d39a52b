"""What operators and controllers make of objects: pods, software on nodes, whole applications, namespaces.

Only kinds of which it is known what becomes of them are listed. Most custom resources (certificates, DNS records,
measurements) start nothing, so that a kind that isn't here gives nothing, rather than an unknown for each of them.
Templates of classes, such as ServingRuntimes, are left out: nothing runs until somebody uses them.
"""

from collections.abc import Iterator

Thing = tuple[str, str]
"""API group and resource."""


def _of(group: str, resources: str) -> Iterator[Thing]:
    for resource in resources.split():
        yield group, resource


BUILT_IN: tuple[Thing, ...] = (
    *_of("apps", "deployments statefulsets daemonsets replicasets"),
    *_of("", "replicationcontrollers"),
    *_of("batch", "jobs cronjobs"),
)
"""Kubernetes' own, with a pod template."""

POD_TEMPLATES: tuple[Thing, ...] = (
    # Training and batch.
    *_of("ray.io", "rayclusters rayjobs rayservices raycronjobs"),
    *_of("kubeflow.org", "pytorchjobs tfjobs mpijobs xgboostjobs paddlejobs jaxjobs experiments trials"),
    *_of("trainer.kubeflow.org", "trainjobs"),
    *_of("batch.volcano.sh", "jobs"),
    *_of("jobset.x-k8s.io", "jobsets"),
    *_of("leaderworkerset.x-k8s.io", "leaderworkersets"),
    *_of("sparkoperator.k8s.io", "sparkapplications scheduledsparkapplications sparkconnects"),
    *_of("spark.apache.org", "sparkapplications sparkclusters"),
    *_of("flink.apache.org", "flinkdeployments"),
    *_of("kubernetes.dask.org", "daskclusters daskjobs daskworkergroups"),
    *_of("keda.sh", "scaledjobs"),
    # Notebooks and places to work in.
    *_of("kubeflow.org", "notebooks pvcviewers viewers"),
    *_of("workspace.devfile.io", "devworkspaces"),
    # Serving.
    *_of("serving.kserve.io", "inferenceservices llminferenceservices"),
    *_of("machinelearning.seldon.io", "seldondeployments"),
    *_of("mlops.seldon.io", "servers seldonruntimes"),
    *_of("serving.knative.dev", "services configurations revisions"),
    *_of("sources.knative.dev", "containersources"),
    *_of("sinks.knative.dev", "jobsinks"),
    *_of("serving.yatai.ai", "bentodeployments"),
    *_of("nvidia.com", "dynamographdeployments dynamocomponentdeployments"),
    *_of("kaito.sh", "workspaces"),
    *_of("orchestration.aibrix.ai", "stormservices rayclusterfleets rayclusterreplicasets"),
    # Pipelines and builds.
    *_of("argoproj.io", "workflows cronworkflows rollouts experiments analysisruns sensors eventsources"),
    *_of("kubeflow.org", "scheduledworkflows"),
    *_of("tekton.dev", "taskruns pipelineruns"),
    *_of("triggers.tekton.dev", "eventlisteners"),
    *_of("flyte.lyft.com", "flyteworkflows"),
    *_of("actions.summerwind.dev", "runners runnerdeployments runnerreplicasets runnersets"),
    *_of("actions.github.com", "autoscalingrunnersets ephemeralrunnersets ephemeralrunners"),
    *_of("apps.gitlab.com", "runners"),
    *_of("jenkins.io", "jenkins"),
    *_of("camel.apache.org", "integrations"),
    # Others that take a whole pod template, or containers and an account.
    *_of("apps.openshift.io", "deploymentconfigs"),
    *_of("apps.kruise.io", "clonesets statefulsets daemonsets broadcastjobs advancedcronjobs uniteddeployments"),
    *_of("monitoring.coreos.com", "prometheuses prometheusagents alertmanagers thanosrulers"),
    *_of("opentelemetry.io", "opentelemetrycollectors"),
    *_of("grafana.integreatly.org", "grafanas"),
    *_of("elasticsearch.k8s.elastic.co", "elasticsearches"),
    *_of("kibana.k8s.elastic.co", "kibanas"),
    *_of("logstash.k8s.elastic.co", "logstashes"),
    *_of("beat.k8s.elastic.co", "beats"),
    *_of("agent.k8s.elastic.co", "agents"),
    *_of("apm.k8s.elastic.co", "apmservers"),
    *_of("milvus.io", "milvuses"),
    *_of("minio.min.io", "tenants"),
    *_of("rabbitmq.com", "rabbitmqclusters"),
    *_of("mongodbcommunity.mongodb.com", "mongodbcommunity"),
    *_of("redis.redis.opstreelabs.in", "redis redisclusters"),
)
"""Custom resources whose operators make pods from a template, or of containers and an account, of the writer's."""

IMAGES: tuple[Thing, ...] = (
    *_of("kafka.strimzi.io", "kafkas kafkaconnects kafkabridges kafkamirrormaker2s"),
    *_of("acid.zalan.do", "postgresqls"),
    *_of("postgresql.cnpg.io", "clusters"),
    *_of("postgres-operator.crunchydata.com", "postgresclusters"),
    *_of("apps.nvidia.com", "nimservices"),
    *_of("run.ai", "trainingworkloads interactiveworkloads inferenceworkloads distributedworkloads"),
    *_of("kubeai.org", "models"),
    *_of("ollama.ayaka.io", "models"),
    *_of("shipwright.io", "buildruns"),
    *_of("build.openshift.io", "builds buildconfigs"),
)
"""Those whose operators take an image or commands of the writer's choice, and keep to an account of their own."""

MACHINES: tuple[Thing, ...] = (
    *_of("kubevirt.io", "virtualmachines virtualmachineinstances virtualmachineinstancereplicasets"),
    *_of("pool.kubevirt.io", "virtualmachinepools"),
)
"""Virtual machines, which take Secrets, claims and tokens of accounts as disks, and whose code stays inside."""

NODE_SOFTWARE: tuple[Thing, ...] = (
    *_of("nvidia.com", "clusterpolicies nvidiadrivers"),
    *_of("mellanox.com", "nicclusterpolicies"),
    *_of("machineconfiguration.openshift.io", "machineconfigs"),
    *_of("karpenter.k8s.aws", "ec2nodeclasses"),
)
"""Of the whole cluster: what runs as root on nodes, such as the image of a GPU driver or the script that a node starts
with."""

NODE_SOFTWARE_IN_NAMESPACE: tuple[Thing, ...] = (
    *_of("kmm.sigs.x-k8s.io", "modules"),
    *_of("amd.com", "deviceconfigs"),
    *_of("upgrade.cattle.io", "plans"),
)
"""Likewise, of a namespace."""

APPLIERS: tuple[Thing, ...] = (
    *_of("argoproj.io", "applications applicationsets"),
    *_of("helm.toolkit.fluxcd.io", "helmreleases"),
    *_of("kustomize.toolkit.fluxcd.io", "kustomizations"),
    *_of("helm.cattle.io", "helmcharts"),
    *_of("fleet.cattle.io", "gitrepos bundles"),
    *_of("core.oam.dev", "applications"),
    *_of("kappctrl.k14s.io", "apps"),
    *_of("work.open-cluster-management.io", "manifestworks"),
    *_of("operators.coreos.com", "subscriptions clusterserviceversions catalogsources"),
)
"""Whose controllers apply any objects that they are pointed at, with rights of their own or of an account."""

CLUSTER_APPLIERS: tuple[Thing, ...] = (
    *_of("kubernetes.crossplane.io", "objects"),
    *_of("helm.crossplane.io", "releases"),
    *_of("apiextensions.crossplane.io", "compositions"),
    *_of("pkg.crossplane.io", "providers configurations functions"),
    *_of("olm.operatorframework.io", "clusterextensions"),
    *_of("kyverno.io", "clusterpolicies"),
    *_of("policies.kyverno.io", "mutatingpolicies generatingpolicies"),
    *_of("mutations.gatekeeper.sh", "assign assignimage modifyset"),
)
"""Likewise, of the whole cluster; and policies that rewrite what others create."""

PROFILES: tuple[Thing, ...] = tuple(_of("kubeflow.org", "profiles"))
"""Of which each makes a namespace, and somebody its administrator."""
