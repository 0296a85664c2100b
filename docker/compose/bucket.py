"""Make the bucket of the results where there is none yet; runs in the image of the API."""

import os
from urllib.parse import urlsplit

import boto3

bucket = urlsplit(os.environ["CLEARLEAF_STORAGE_URL"]).netloc
region = os.environ["CLEARLEAF_S3_REGION"]
s3 = boto3.client("s3", endpoint_url=os.environ["CLEARLEAF_S3_ENDPOINT_URL"], region_name=region)
if bucket in [found["Name"] for found in s3.list_buckets()["Buckets"]]:
    print(f"there is a bucket {bucket}")
else:
    s3.create_bucket(Bucket=bucket)
    print(f"made the bucket {bucket}")
